"""Checks of a finished cell that others have shared, made once its files are known to be whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import FailFast, Field

from ...metrics import Front
from ..records.checked_entries import Few
from ..records.finished_cell import FinishedCell
from ..records.metric_names import is_metric_name
from ..scoring.measures import COSTS, is_score
from .allowed import Environment, Name, Options, ProblemDigest, SharedModel, Text

TOLERANCE = 1e-9
"""The largest difference of a claimed hypervolume from the one computed again, relative to it but at least to 1."""
MAX_CURVE = 20_000
"""The most points of one training curve."""
MAX_COST = 1e18
"""The largest cost in seconds, bytes or counts; nobody has more."""


class _FinishedFields(SharedModel):
    """The types of a finished cell's fields, some of which become tags, parameters or metrics in MLflow."""

    split: Literal["test"]
    labels: Annotated[list[Text], FailFast(), Field(min_length=1)]
    reference_point: list[float]
    hypervolume_limit: float | None
    expert_errors: list[float] | None
    pretrained_errors: list[float] | None
    neighbour_errors: list[float] | None
    problem: ProblemDigest
    environment: Environment
    costs: Annotated[dict[Name, float], Few]
    resolved: Options
    parts: Annotated[list[Text], FailFast()]
    """Names of the model's parts; empty where no coefficients were recorded."""


def check_finished(finished: FinishedCell) -> None:
    """Check everything that a finished cell holds except the front's values.

    Raises:
        ValueError: a field is of the wrong type or size, a name is not allowed, or a cost or the training curve is
            invalid.
    """
    record, coefficients = finished.front, finished.coefficients
    fields = _FinishedFields.model_validate(
        {
            "split": record.split,
            "labels": list(record.evaluation.labels),
            "reference_point": record.reference_point.tolist(),
            "hypervolume_limit": record.hypervolume_limit,
            "expert_errors": _listed(record.expert_errors),
            "pretrained_errors": _listed(record.pretrained_errors),
            "neighbour_errors": _listed(record.neighbour_errors),
            "problem": record.problem,
            "environment": record.environment,
            "costs": dict(finished.costs),
            "resolved": dict(finished.resolved),
            "parts": [] if coefficients is None else list(coefficients.parts),
        }
    )
    n_tasks, title = len(record.cell.tasks), record.cell.title
    for vector in (fields.reference_point, fields.expert_errors, fields.pretrained_errors, fields.neighbour_errors):
        if vector is not None and len(vector) != n_tasks:
            raise ValueError(f"{title} has {n_tasks} tasks and {len(vector)} values of them")
    _check_costs(fields.costs, title)
    _check_curve(finished.curve, title)
    if coefficients is not None and coefficients.tasks != record.cell.tasks:
        raise ValueError(f"the merge coefficients of {title} are not those of its tasks")


def _check_costs(costs: dict[str, float], title: str) -> None:
    for name, value in costs.items():
        if is_score(name):
            raise ValueError(f"the costs of {title} hold {name}, which is computed from its front")
        if name in COSTS and not 0 <= value <= MAX_COST:
            raise ValueError(f"the {name} of {title} is {value:g}, which nothing costs")


def _check_curve(curve: Sequence[Any], title: str) -> None:
    if len(curve) > MAX_CURVE:
        raise ValueError(f"the training curve of {title} has {len(curve)} points, {MAX_CURVE} are the most")
    if not all("step" in p and 0 <= p["step"] < 2**63 and float(p["step"]).is_integer() for p in curve):
        raise ValueError(f"the training curve of {title} lacks whole steps")
    if not all(map(is_metric_name, {name for point in curve for name in point})):
        raise ValueError(f"the training curve of {title} has names that no metric can have")


def check_hypervolume(finished: FinishedCell, claimed: float, claimed_error: float | None) -> None:
    """Check that a front is valid and scores what its exporter claims.

    Args:
        finished: the cell whose front is scored.
        claimed: the front's hypervolume according to the exporter.
        claimed_error: half width of the claim's 95 % interval; None where the claim is exact.

    Raises:
        ValueError: the front scores something else than is claimed, or more than can be reached.
        FrontError: the front is not valid.
    """
    record, title = finished.front, finished.cell.title
    if record.pareto_front is not None and Front(record.pareto_front).n_objectives != len(record.cell.tasks):
        raise ValueError(f"the true front of {title} has another number of objectives than it has tasks")
    volume, limit = record.hypervolume(), record.hypervolume_limit
    if limit is not None and not 0 < limit < math.inf:
        raise ValueError(f"the hypervolume limit of {title} is {limit:g}; a volume above 0 is expected")
    allowed = TOLERANCE * max(1.0, abs(volume.value))
    if claimed_error is not None or not volume.exact:  # twice: once would refuse one in twenty
        allowed += 2 * (volume.error + (claimed_error or 0.0))
    if limit is not None and volume.value > 1.01 * limit + allowed:
        raise ValueError(f"the front of {title} has more hypervolume ({volume.value:.10g}) than its limit {limit:.10g}")
    if abs(claimed - volume.value) > allowed:
        raise ValueError(
            f"the hypervolume of {title} is {volume.value:.10g} by its front and {claimed:.10g} by the bundle"
        )


def _listed(values: Any) -> Any:
    return None if values is None else values.tolist()
