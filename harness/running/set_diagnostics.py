"""Measure a finished set besides its front: the diagnostics it gives itself, and the time of one answer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...errors import ConfigError
from ...methods import ParetoSet
from ...tasks import Problem
from ...tasks.real_numbers import as_number
from ..records.metric_names import is_metric_name
from ..scoring.measures import COSTS, is_score
from .meter import Meter
from .rounded_seconds import rounded_seconds

PHASES = ("prepare_time_", "prepare_peak_", "fit_time_", "fit_peak_", "evaluate_time_", "evaluate_peak_")
"""Beginnings of the names of what is measured of phases, of which some are still to come."""


def checked_diagnostics(pareto_set: ParetoSet, costs: Mapping[str, float]) -> dict[str, float]:
    """Return the set's diagnostics by name, after checking their names.

    Args:
        pareto_set: the finished set.
        costs: what was measured of the cell; diagnostics must not take its names, nor those of measures.

    Raises:
        ConfigError: a name is taken, or is not made of letters, digits and _-. only, or a value is no number.
    """
    found = {}
    for name, value in pareto_set.diagnostics().items():
        taken = name in costs or name in COSTS or is_score(name) or str(name).startswith(PHASES)
        if taken or not is_metric_name(name) or set(name) & set("/ "):
            raise ConfigError(
                f"diagnostics() may not name a metric {name!r}: taken, or not made of letters, digits and _-."
            )
        found[name] = as_number(f"diagnostics()[{name!r}]", value)
    return found


def time_one_answer(problem: Problem, pareto_set: ParetoSet, meter: Meter) -> float | None:
    """Return the seconds it takes to get the weights for one new preference, as the median of five.

    None for a set that only answers the preferences it was trained for.
    """
    rng = np.random.default_rng(0)
    times = []
    for preference in rng.dirichlet(np.ones(problem.n_tasks), size=5):
        start = meter.synchronized()
        try:
            pareto_set.solve(preference)
        except Exception:  # a third party's set may refuse in its own way
            return None
        times.append(meter.synchronized() - start)
    return rounded_seconds(float(np.median(times)))
