"""Begin the names of MLflow metrics that are neither a cost nor an indicator, and tell names that can be recorded."""

from __future__ import annotations

import posixpath
import re

CURVE_METRIC = "train_"
"""Beginning of the name of a value of the training curve."""
LOWEST_ERROR = "min_error_"
"""Beginning of the name of the lowest error of any member on a task, whose name follows."""
LONGEST_NAME = 200
"""Most characters of a name; MLflow takes 250, with what is put before it."""


def is_metric_name(name: object) -> bool:
    """Return whether MLflow can record a metric, parameter or tag by this name, also with `CURVE_METRIC` before it."""
    if not isinstance(name, str) or not re.fullmatch(rf"[\w\-./ ]{{1,{LONGEST_NAME}}}", name):
        return False
    return posixpath.normpath(name) == name and not name.startswith((".", "/"))
