"""Floor 5: the YAML files of runnable experiments."""
