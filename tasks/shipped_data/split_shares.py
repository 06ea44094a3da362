"""The splits of shipped data."""

SPLITS = {"pretrain": 0.2, "train": 0.5, "val": 0.1, "test": 0.2}
"""Split name -> share of the unique examples, in the order in which they follow each other."""
