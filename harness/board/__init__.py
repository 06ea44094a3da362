"""Rank the learners of comparable cells on leaderboards, and write boards as tables and text."""
