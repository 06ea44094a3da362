"""Learners that fine-tune whole models: one for every preference, or a single one that follows no preference."""
