"""Suites whose Pareto fronts are known in closed form, so that every learner can be compared with the truth."""
