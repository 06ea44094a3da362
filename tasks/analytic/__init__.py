"""Suites whose Pareto fronts are known in closed form, so that every learner can be held against the truth."""
