"""Describe what is to be run: cells, the bench files that list them, plugins, and the environment they run in."""
