"""Learners that search merge coefficients by looking at the validation split."""
