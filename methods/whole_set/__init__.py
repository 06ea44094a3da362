"""Learners that train one map from all preferences to models."""
