"""The content of a picture of fronts, before any library draws it: series, colours, markers, axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....errors import ConfigError, FrontError
from ....metrics import Front
from .axis_limits import axis_limits, outside
from .looks import Marker, looks_of

MOST_LINES = 4
"""The most tasks that are drawn as parallel coordinates; lines over more of them hide each other."""
GREY = "#444444"
REFERENCE = "reference point"
DOMINATED = "dominated by its own method"
CAMERA = {"eye": {"x": 1.6, "y": -1.02, "z": 0.58}, "center": {"x": 0.0, "y": 0.0, "z": -0.18}}
"""The place plotly looks from; along the diagonal, its default, better and worse fronts hide each other."""


def quantity_words(*, as_accuracy: bool, quantity: str = "error") -> tuple[str, str]:
    """Return what an axis shows and which way is better: `accuracy (%)`, `higher is better`."""
    return ("accuracy (%)", "higher is better") if as_accuracy else (quantity, "lower is better")


@dataclass(frozen=True)
class Series:
    """One learner in a picture: points of shape (n, T) in shown units, best first in the first objective."""

    name: str
    colour: str
    marker: Marker
    points: NDArray[np.float64]
    best: NDArray[np.bool_]  # whether no other point of the learner dominates it
    preferences: NDArray[np.float64] | None

    @property
    def size(self) -> float:
        """The marker's size, larger for a learner of one point, which must not drown among curves."""
        return 6.5 if len(self.points) > 1 else 10.0


@dataclass(frozen=True)
class Picture:
    """The content that both libraries draw; ``axes`` are the labels of the T axes."""

    series: tuple[Series, ...]
    tasks: tuple[str, ...]
    axes: tuple[str, ...]
    quantity: str
    reference: NDArray[np.float64] | None
    limits: NDArray[np.float64] | None
    """The least and the largest value of every axis, shape (T, 2), in shown units; None without a reference point."""
    rising: bool
    """Whether more is better, as of accuracies."""
    n_outside: int
    """The number of points that lie beyond the limits."""


def make_picture(
    fronts: Mapping[str, Front],
    tasks: Sequence[str],
    reference_point: ArrayLike | None,
    as_accuracy: bool,
    quantity: str,
) -> Picture:
    """Return what to draw, in shown units; arguments and errors are those of `front_figure`."""
    if not fronts:
        raise ConfigError("a picture needs at least one front; found none")
    for name, front in fronts.items():
        if front.n_objectives != len(tasks):
            raise FrontError(
                f"the front of {name} has {front.n_objectives} objectives for {len(tasks)} tasks: {', '.join(tasks)}"
            )
    reference = None if reference_point is None else np.asarray(reference_point, dtype=np.float64)
    if reference is not None and (reference.shape != (len(tasks),) or not np.isfinite(reference).all()):
        raise FrontError(f"a reference point is {len(tasks)} finite values; found {reference.tolist()}")

    def shown(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return 100.0 * (1.0 - values) if as_accuracy else values

    series = []
    looks = looks_of(fronts)
    for name, front in fronts.items():
        order = np.argsort(front.objectives[:, 0], kind="stable")
        best = front.non_dominated_mask[order]
        preferences = None if front.preferences is None else front.preferences[order]
        look = looks[name]
        points = shown(front.objectives[order])
        series.append(Series(name, look.colour, look.marker, points, best, preferences))
    unit, better = quantity_words(as_accuracy=as_accuracy, quantity=quantity)
    limits = None
    if reference is not None:
        limits = np.sort(shown(axis_limits(np.vstack([front.objectives for front in fronts.values()]), reference)))
    return Picture(
        tuple(series),
        tuple(tasks),
        tuple(f"{task} {unit}" for task in tasks),
        f"{unit}, {better}",
        None if reference is None else shown(reference),
        limits,
        as_accuracy,
        0 if limits is None else sum(int(outside(one.points, limits).sum()) for one in series),
    )
