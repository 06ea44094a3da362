"""Begin the names of MLflow metrics that are neither a cost nor an indicator."""

CURVE_METRIC = "train_"
"""Beginning of the name of a value of the training curve."""
LOWEST_ERROR = "min_error_"
"""Beginning of the name of the lowest error of any member on a task, whose name follows."""
