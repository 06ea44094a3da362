"""Judges trials by recorded measures, each with its direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..errors import ConfigError
from ..harness.scoring.measures import MEASURES
from .spec import ObjectiveSpec


class MissingMeasureError(Exception):
    """A cell of a trial has not recorded one of the objectives."""


@dataclass(frozen=True)
class Objective:
    """A measure that trials are judged by, with its direction."""

    measure: str
    """The name under which cells record it."""
    maximize: bool
    """Whether more of it is better."""

    @property
    def direction(self) -> Literal["maximize", "minimize"]:
        """The direction in Optuna's words."""
        return "maximize" if self.maximize else "minimize"

    @property
    def heading(self) -> str:
        """The heading of its column in tables, such as `igd ↓`."""
        return f"{self.measure} {'↑' if self.maximize else '↓'}"

    def better(self, value: float, other: float) -> bool:
        """Tell whether `value` is strictly better than `other`."""
        return value > other if self.maximize else value < other


def make_objective(spec: ObjectiveSpec) -> Objective:
    """Make an objective from what the file says.

    Raises:
        ConfigError: the direction is not known, or the file gives another than the one that is known.
    """
    known = {name: measure.maximize for name, measure in MEASURES.items()}
    stated = None if spec.direction is None else spec.direction == "maximize"
    maximize = known.get(spec.metric, stated)
    if maximize is None:
        raise ConfigError(
            f"the measure {spec.metric!r} is none of {', '.join(known)}; for an objective of your learner's own, say "
            "direction: maximize or minimize"
        )
    if stated is not None and stated != maximize:
        raise ConfigError(f"{spec.metric} is {'maximised' if maximize else 'minimised'}; drop its direction")
    return Objective(spec.metric, maximize)


def mean_values(objectives: Sequence[Objective], measured: Sequence[Mapping[str, float]]) -> list[float]:
    """Return the value of every objective, averaged over the cells of a trial.

    Args:
        objectives: in the study's order.
        measured: for each cell measure -> recorded value.

    Raises:
        ConfigError: an objective needs the suite's true front, and that is not known.
        MissingMeasureError: a cell has not recorded an objective.
    """
    for objective in objectives:
        for recorded in measured:
            if objective.measure not in recorded and _needs_the_front(objective.measure):
                raise ConfigError(
                    f"the objective {objective.measure!r} needs a suite whose front is known in closed form"
                )
            if objective.measure not in recorded:
                raise MissingMeasureError(
                    f"the objective {objective.measure!r} was not recorded; recorded are {', '.join(sorted(recorded))}"
                )
    return [float(np.mean([recorded[objective.measure] for recorded in measured])) for objective in objectives]


def _needs_the_front(measure: str) -> bool:
    """Whether a measure needs a known true front: to a union of runs it would change with every trial."""
    return measure in MEASURES and bool({"reference", "true front"} & set(MEASURES[measure].needs))
