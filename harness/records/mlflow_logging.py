"""Write parameters, metrics and tags to a run in as few transactions as MLflow allows."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .metric_names import CURVE_METRIC
from .mlflow_run import PARAM_LENGTH

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

BATCH = 1000
"""Largest number of metrics, parameters and tags together that MLflow accepts in one call."""
FEWER = 100
"""Largest number of parameters, and of tags."""


def log_batches(
    client: MlflowClient,
    run_id: str,
    *,
    params: Mapping[str, object],
    points: Sequence[Metric],
    tags: Mapping[str, str],
) -> None:
    """Write all of it to a run; tags come last, since they may say that the rest is there."""
    from mlflow.entities import Param, RunTag

    given = [Param(name, str(value)[:PARAM_LENGTH]) for name, value in params.items()]
    told = [RunTag(name, value) for name, value in tags.items()]
    if len(points) + len(given) + len(told) <= BATCH and max(len(given), len(told)) <= FEWER:
        client.log_batch(run_id, metrics=points, params=given, tags=told)  # MLflow writes tags last, too
        return
    for start in range(0, len(points), BATCH):
        client.log_batch(run_id, metrics=points[start : start + BATCH])
    for start in range(0, len(given), FEWER):
        client.log_batch(run_id, params=given[start : start + FEWER])
    for start in range(0, len(told), FEWER):
        client.log_batch(run_id, tags=told[start : start + FEWER])


def metric_points(metrics: Mapping[str, float], curve: Sequence[Mapping[str, float]]) -> list[Metric]:
    """Return the finite values among final metrics and a training curve, as MLflow metrics."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    points = [Metric(name, float(value), now, 0) for name, value in metrics.items()]
    points += [
        Metric(f"{CURVE_METRIC}{name}", float(value), now, int(row["step"]))
        for row in curve
        for name, value in row.items()
        if name != "step"
    ]
    return [point for point in points if math.isfinite(point.value)]
