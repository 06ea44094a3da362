"""Floor 5: tunes learners with Optuna, and holds the YAML files of runnable experiments.

It knows the harness and everything below it; nothing below knows it, but for the command line that starts both.
"""
