"""Learners that train one map from preferences to models."""
