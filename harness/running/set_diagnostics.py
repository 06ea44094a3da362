"""What is measured of a finished set beside its front: its own numbers, and the time of one answer."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from ...errors import ConfigError, FrontrunnerError
from ...methods import ParetoSet
from ...tasks import Problem
from ..scoring.measures import MEASURES
from ..scoring.scores import HYPERVOLUME_ERROR
from .meter import Meter

_TAKEN = ("train_", "min_error_")
"""How the names of training curves and of the front's own ends begin."""


def checked_diagnostics(pareto_set: ParetoSet, metrics: Mapping[str, float]) -> dict[str, float]:
    """The set's own numbers, checked: they must not pass for what is measured, now or later."""
    found = {}
    for name, value in pareto_set.diagnostics().items():
        taken = name in metrics or name in MEASURES or name == HYPERVOLUME_ERROR or name.startswith(_TAKEN)
        if taken or not re.fullmatch(r"[\w\-.]+", name):
            raise ConfigError(
                f"diagnostics() may not name a metric {name!r}: taken, or not made of letters, digits and _-."
            )
        found[name] = float(value)
    return found


def time_one_answer(problem: Problem, pareto_set: ParetoSet, meter: Meter) -> float | None:
    """Seconds to get the weights for one new preference, median of five; None for sets that answer only their own."""
    rng = np.random.default_rng(0)
    times = []
    for preference in rng.dirichlet(np.ones(problem.n_tasks), size=5):
        start = meter.synchronized()
        try:
            pareto_set.solve(preference)
        except FrontrunnerError:
            return None
        times.append(meter.synchronized() - start)
    return float(np.median(times))
