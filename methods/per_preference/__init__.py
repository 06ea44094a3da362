"""Learners that fine-tune one whole model for every preference."""
