"""Fronts of many tasks as heat maps: a panel for every learner, a row for every answer, a column for every task.

All panels share one scale of colours, whose end is the reference point: the same row of two panels answers the same
preference, so that panels are compared row by row. The better, the brighter; cividis has even steps of lightness for
readers with and without deficiencies of colour vision.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .axis_limits import outside_text
from .figure import escape_mathtext, new_figure, shortened
from .front_picture import Picture, Series
from .heat_rows import heat_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_COLUMNS = 5
_TITLE_LETTERS = 22
_COLUMN_INCHES = 0.26


def heat_map_figure(picture: Picture, title: str) -> Figure:
    """Return a figure of the picture's fronts as heat maps.

    Args:
        picture: the fronts, of any number of tasks.
        title: one line above the picture.
    """
    n_tasks, n_panels = len(picture.tasks), len(picture.series)
    n_columns = min(MOST_COLUMNS, n_panels)
    n_rows = math.ceil(n_panels / n_columns)
    panel_width = max(2.0, _COLUMN_INCHES * n_tasks)
    width = max(n_columns * (panel_width + 0.2) + 2.2, 6.5)
    figure = new_figure((width, n_rows * 2.3 + 2.0), title, dpi=120)
    grid = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True)
    images = []
    for axes in grid.ravel()[n_panels:]:
        axes.set_axis_off()
    least, most = colour_scale(picture)
    for i, series in enumerate(picture.series):
        axes = grid.ravel()[i]
        order, groups = rows_of(series, picture)
        image = axes.imshow(
            series.points[order],
            aspect="auto",
            interpolation="nearest",
            vmin=least,
            vmax=most,
            cmap="cividis" if picture.rising else "cividis_r",
        )
        images.append(image)
        axes.set_title(escape_mathtext(shortened(series.name, _TITLE_LETTERS)), fontsize=10, y=1.0)
        for axis in (axes.xaxis, axes.yaxis):  # without labels; not placed, they cost no look at the names of all ticks
            axis.set_label_coords(0.0, 0.0)
        _label_rows(axes, groups, named=i % n_columns == 0)
        last_of_column = i + n_columns >= n_panels
        axes.set_xticks(range(n_tasks), [*map(escape_mathtext, picture.tasks)], rotation=90, fontsize=9)
        axes.tick_params(length=0, labelbottom=last_of_column)
    figure.supylabel("answers by heaviest task", fontsize=10)
    bar = figure.colorbar(images[-1], ax=grid.ravel().tolist(), fraction=0.05, pad=0.02, aspect=max(8.0, 10.0 * n_rows))
    bar.set_label(escape_mathtext(picture.quantity), fontsize=10)
    if picture.n_outside:
        figure.supxlabel(
            outside_text(picture.n_outside, "the end of the colours"), fontsize=10, x=0.01, horizontalalignment="left"
        )
    return figure


def colour_scale(picture: Picture) -> tuple[float, float]:
    """Return the ends of the scale of colours: those of the values, but nothing beyond the picture's limits."""
    points = np.vstack([series.points for series in picture.series])
    if picture.limits is None:
        return float(points.min()), float(points.max())
    return max(float(points.min()), float(picture.limits.min())), min(float(points.max()), float(picture.limits.max()))


def rows_of(series: Series, picture: Picture) -> tuple[list[int], list[tuple[str, int]]]:
    """Return the order of a learner's answers, and their groups; answers to no preference stay in their order."""
    if series.preferences is None:
        return list(range(len(series.points))), []
    return heat_rows(series.preferences, picture.tasks)


def _label_rows(axes: Axes, groups: list[tuple[str, int]], *, named: bool) -> None:
    """Part the groups of rows by lines, and name them on the left of the first panel of a line."""
    ends: NDArray[np.int_] = np.cumsum([0, *(n for _, n in groups)])
    for end in ends[1:-1]:
        axes.axhline(end - 0.5, color="white", linewidth=0.8)
    names = [escape_mathtext(name) for name, _ in groups] if named else []
    axes.set_yticks((ends[:-1] + ends[1:] - 1) / 2 if named else [], names, fontsize=7)
