"""Learners that compute models from the experts in closed form, without training."""
