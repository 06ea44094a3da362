"""The content of a picture of fronts, before any library draws it: series, colours, markers, axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....errors import ConfigError, FrontError
from ....metrics import Front

# Okabe and Ito's colours without their yellow, which is lost on white, then a grey and Tol's wine. Nine
# colours and ten markers have no common factor, so ninety learners differ.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#882255", "#7F7F7F")
ON_DARK = {
    "#0072B2": "#4496D6",
    "#D55E00": "#F07B3A",
    "#009E73": "#2DBD90",
    "#CC79A7": "#E39AC4",
    "#E69F00": "#F2B632",
    "#56B4E9": "#9AD4F7",
    "#000000": "#F4F4F4",
    "#882255": "#C2517F",
    "#7F7F7F": "#A0A0A0",
}
"""The same colours for a dark background, where black would be lost and blue and wine nearly so."""

Markers = tuple[str, str, str]
# matplotlib's marker, plotly's, and one of those few that plotly draws in space without a symbol font
MARKERS: tuple[Markers, ...] = (
    ("o", "circle", "circle"),
    ("s", "square", "square"),
    ("D", "diamond", "diamond"),
    ("^", "triangle-up", "cross"),
    ("v", "triangle-down", "circle"),
    ("P", "cross", "square"),
    ("X", "x", "diamond"),
    ("*", "star", "cross"),
    ("p", "pentagon", "circle"),
    ("h", "hexagon", "square"),
)
GREY = "#444444"
REFERENCE = "reference point"
DOMINATED = "dominated by its own method"
CAMERA = {"eye": {"x": 1.6, "y": -1.02, "z": 0.58}, "center": {"x": 0.0, "y": 0.0, "z": -0.18}}
"""The place plotly looks from; along the diagonal, its default, better and worse fronts hide each other."""


def look_of(place: int) -> tuple[str, Markers]:
    """Return the colour and the markers of the learner at this place, counted from 0; ninety places differ."""
    return COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]


def quantity_words(*, as_accuracy: bool, quantity: str = "error") -> tuple[str, str]:
    """Return what an axis shows and which way is better: `accuracy (%)`, `higher is better`."""
    return ("accuracy (%)", "higher is better") if as_accuracy else (quantity, "lower is better")


@dataclass(frozen=True)
class Series:
    """One learner in a picture: points of shape (n, T) in shown units, best first in the first objective."""

    name: str
    colour: str
    markers: Markers
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


def make_picture(
    fronts: Mapping[str, Front],
    tasks: Sequence[str],
    reference_point: ArrayLike | None,
    as_accuracy: bool,
    quantity: str,
) -> Picture:
    """Return what to draw, in shown units; arguments and errors are those of `front_png`."""
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
    for i, (name, front) in enumerate(fronts.items()):
        order = np.argsort(front.objectives[:, 0], kind="stable")
        best = front.non_dominated_mask[order]
        preferences = None if front.preferences is None else front.preferences[order]
        colour, markers = look_of(i)
        series.append(Series(name, colour, markers, shown(front.objectives[order]), best, preferences))
    unit, better = quantity_words(as_accuracy=as_accuracy, quantity=quantity)
    return Picture(
        tuple(series),
        tuple(tasks),
        tuple(f"{task} {unit}" for task in tasks),
        f"{unit}, {better}",
        None if reference is None else shown(reference),
    )
