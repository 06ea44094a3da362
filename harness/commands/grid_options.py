"""The options of a command that choose the grid of preferences that fronts are evaluated on."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from .further_options import show_options

PointsOption = Annotated[
    int | None,
    typer.Option(
        help="Points on each edge of the preference grid, 1: equal weights alone; when both are absent 11 "
        "preferences of two tasks, 19 of three, half of them or more inside."
    ),
]
InnerPointsOption = Annotated[
    int | None,
    typer.Option(
        help="Points on each edge of the grid's inner layer, whose preferences all weigh every task; 0: none. "
        "When absent, none where --points-per-edge is given."
    ),
]
_PARAMETER = "grid"
"""The parameter of a command that these options become."""


@dataclass(frozen=True)
class GridOptions:
    """What was given for `--points-per-edge` and `--inner-points-per-edge`, by their names in a bench file."""

    points_per_edge: int | None
    inner_points_per_edge: int | None


def with_grid_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--points-per-edge` and `--inner-points-per-edge`, which it takes as one `GridOptions`."""

    @functools.wraps(command)
    def wrapped(*, points_per_edge: int | None = None, inner_points_per_edge: int | None = None, **given: Any) -> None:
        command(**given, **{_PARAMETER: GridOptions(points_per_edge, inner_points_per_edge)})

    options = (("points_per_edge", None, PointsOption), ("inner_points_per_edge", None, InnerPointsOption))
    show_options(wrapped, command, _PARAMETER, options)
    return wrapped
