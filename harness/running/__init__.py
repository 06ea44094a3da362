"""Runs cells: one worker process a cell, metered, resumed, and settled in the store."""
