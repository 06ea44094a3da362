"""Architectures by library: what they are built from, how files call their weights, and what they take."""
