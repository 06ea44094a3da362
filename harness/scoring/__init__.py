"""Indicators of recorded fronts: their registry, their values, and the cache that keeps these."""
