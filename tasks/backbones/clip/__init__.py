"""CLIP, whoever wrote it: its activation, names, weights, and heads from its text tower."""
