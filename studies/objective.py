"""What trials are judged by: recorded metrics, each with its direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..errors import ConfigError
from ..harness.scoring.measures import MEASURES
from .spec import ObjectiveSpec


class MissingMetricError(Exception):
    """A configuration's cells have not recorded an objective."""


@dataclass(frozen=True)
class Objective:
    """One metric, and whether more of it is better."""

    metric: str
    maximize: bool

    @property
    def direction(self) -> Literal["maximize", "minimize"]:
        """As Optuna says it."""
        return "maximize" if self.maximize else "minimize"

    @property
    def heading(self) -> str:
        """For tables."""
        return f"{self.metric} {'↑' if self.maximize else '↓'}"

    def better(self, value: float, other: float) -> bool:
        """Whether `value` beats `other`."""
        return value > other if self.maximize else value < other


def make_objective(spec: ObjectiveSpec) -> Objective:
    """An objective; ConfigError where its direction is not known, or is not the one that is known."""
    known = {name: measure.maximize for name, measure in MEASURES.items()}
    asked = None if spec.direction is None else spec.direction == "maximize"
    maximize = known.get(spec.metric, asked)
    if maximize is None:
        raise ConfigError(
            f"the metric {spec.metric!r} is none of {', '.join(known)}; for an objective of your learner's own, say "
            "direction: maximize or minimize"
        )
    if asked is not None and asked != maximize:
        raise ConfigError(f"{spec.metric} is {'maximised' if maximize else 'minimised'}; drop its direction")
    return Objective(spec.metric, maximize)


def mean_values(objectives: Sequence[Objective], measured: Sequence[Mapping[str, float]]) -> list[float]:
    """Every objective, averaged over the cells of a trial.

    Args:
        objectives: in the study's order.
        measured: the recorded metrics of each cell.

    Raises:
        ConfigError: one of them needs a front that the suite does not know.
        MissingMetricError: a cell has not recorded one of them.
    """
    for objective in objectives:
        for metrics in measured:
            if objective.metric not in metrics and _needs_the_front(objective.metric):
                raise ConfigError(
                    f"the objective {objective.metric!r} needs a suite whose front is known in closed form"
                )
            if objective.metric not in metrics:
                raise MissingMetricError(
                    f"the objective {objective.metric!r} was not recorded; recorded are {', '.join(sorted(metrics))}"
                )
    return [float(np.mean([metrics[objective.metric] for metrics in measured])) for objective in objectives]


def _needs_the_front(metric: str) -> bool:
    """Whether a measure means something only where the true front is known: to a union it changes with every trial."""
    return metric in MEASURES and bool({"reference", "true front"} & set(MEASURES[metric].needs))
