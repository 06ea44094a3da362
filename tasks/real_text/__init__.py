"""Suites of the shipped texts on weights that others pre-trained; a script fetches, converts and fine-tunes once."""
