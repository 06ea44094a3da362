"""Fronts as a figure to print, in PNG, PDF or SVG (matplotlib, imported on first use).

Two tasks are drawn in the plane. Three are drawn in space and, since space is hard to read on paper, in the plane pair
by pair. One task and four are drawn as parallel coordinates, and more than four, where lines would hide each other, as
heat maps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ....metrics import Front
from .axis_limits import outside, outside_text
from .figure import escape_mathtext, height_beside_legend, legend_name, new_figure, save_figure
from .front_heat import heat_map_figure
from .front_picture import DOMINATED, GREY, MOST_LINES, REFERENCE, Picture, Series, make_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def front_figure(
    fronts: Mapping[str, Front],
    tasks: Sequence[str],
    path: str | Path,
    *,
    title: str,
    reference_point: ArrayLike | None = None,
    as_accuracy: bool = False,
    quantity: str = "error",
    small: Path | None = None,
) -> None:
    """Write a figure of minimised fronts, with one colour and marker per learner.

    Args:
        fronts: learner's name -> front of T objectives; drawn in this order.
        tasks: the T names of the objectives, in their order.
        path: the file to write, whose ending is one of `FORMATS`; its folder exists.
        title: one line above the picture.
        reference_point: shape (T,), drawn where given.
        as_accuracy: show 100 * (1 - objective) as accuracy in %, larger is better.
        quantity: what an objective is called ("error", "loss") unless shown as accuracy.
        small: where a copy of `SMALL_PIXELS` in width is written too.

    Raises:
        ConfigError: there is no front.
        FrontError: a front or the reference point has another number of objectives than there are tasks.
    """
    picture = make_picture(fronts, tasks, reference_point, as_accuracy, quantity)
    n_tasks = len(picture.tasks)
    if n_tasks > MOST_LINES:
        save_figure(heat_map_figure(picture, title), path, small)
        return
    width, least = {2: (9.0, 5.5), 3: (12.5, 9.0)}.get(n_tasks, (6.0 + 1.1 * n_tasks, 5.5))
    height = height_beside_legend(least, fronts, more_lines=2)
    figure = new_figure((width, height), title, dpi=150)
    if n_tasks == 2:
        _draw_pair(figure.add_subplot(), picture, 0, 1)
    elif n_tasks == 3:
        _draw_space(figure.add_subplot(2, 2, 1, projection="3d"), picture)
        for position, (i, j) in enumerate(combinations(range(3), 2), start=2):
            _draw_pair(figure.add_subplot(2, 2, position), picture, i, j)
    else:
        _draw_parallel(figure.add_subplot(), picture)
    _draw_legend(figure, picture)
    if picture.n_outside:
        figure.supxlabel(outside_text(picture.n_outside), fontsize=10, x=0.01, horizontalalignment="left")
    save_figure(figure, path, small)


def _draw_pair(axes: Axes, picture: Picture, i: int, j: int) -> None:
    for series in picture.series:
        best, rest = series.points[series.best], series.points[~series.best]
        if len(picture.tasks) == 2:  # the edge of what is dominated; straight lines would promise more
            axes.step(*best.T, where="post", color=series.colour, linewidth=1.0, alpha=0.5)
        for points, alpha in ((rest, 0.25), (best, 0.9)):
            axes.plot(points[:, i], points[:, j], linestyle="none", alpha=alpha, **_marker(series))
    if picture.reference is not None:
        axes.plot(picture.reference[i], picture.reference[j], "x", color=GREY, markersize=9)
    axes.set_xlabel(escape_mathtext(picture.axes[i]), fontsize=12)
    axes.set_ylabel(escape_mathtext(picture.axes[j]), fontsize=12)
    if picture.limits is not None:
        axes.set_xlim(*picture.limits[i])
        axes.set_ylim(*picture.limits[j])
    axes.grid(alpha=0.25)


def _draw_space(axes: Any, picture: Picture) -> None:
    for series in picture.series:
        seen = np.ones(len(series.points), bool) if picture.limits is None else ~outside(series.points, picture.limits)
        for points, alpha in ((series.points[~series.best & seen], 0.25), (series.points[series.best & seen], 0.9)):
            if len(points):  # without points matplotlib would show the unit cube
                axes.plot(*points.T, linestyle="none", alpha=alpha, **_marker(series))
    if picture.reference is not None:
        axes.plot(*picture.reference[:, None], "x", color=GREY, markersize=9)
    if picture.limits is not None:  # what lies beyond them would be drawn all the same
        axes.set(xlim=picture.limits[0], ylim=picture.limits[1], zlim=picture.limits[2])
    for axis, label in zip((axes.xaxis, axes.yaxis, axes.zaxis), picture.axes, strict=True):
        axis.set_label_text(escape_mathtext(label), fontsize=11)
        axis.labelpad = 8
        axis.get_major_locator().set_params(nbins=5)  # more ticks would run into each other
    axes.set_box_aspect(None, zoom=0.88)  # the constrained layout does not see the labels of a 3-D axis


def _draw_parallel(axes: Axes, picture: Picture) -> None:
    ticks = range(len(picture.tasks))
    for series in picture.series:
        strong = 0.5 if len(series.points) > 1 else 0.9
        for point, best in zip(series.points, series.best, strict=True):
            style: dict[str, Any] = {"linewidth": 1.2, "alpha": strong if best else 0.15, **_marker(series)}
            axes.plot(ticks, point, color=series.colour, **style)
    if picture.reference is not None:
        axes.plot(ticks, picture.reference, "x:", color=GREY, markersize=9)
    axes.set_xticks(ticks, [escape_mathtext(task) for task in picture.tasks], fontsize=12)
    axes.set_ylabel(escape_mathtext(picture.quantity), fontsize=12)
    if picture.limits is not None:
        axes.set_ylim(picture.limits.min(), picture.limits.max())
    axes.grid(axis="x")


def _marker(series: Series) -> dict[str, Any]:
    return {
        "marker": series.marker.matplotlib,
        "markersize": series.size * series.marker.scale,
        "markerfacecolor": series.colour,
        "markeredgecolor": "white",
        "markeredgewidth": 0.5,
        "zorder": 2.0 if len(series.points) > 1 else 3.0,
    }


def _draw_legend(figure: Figure, picture: Picture) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], ls="none", label=legend_name(one.name), **_marker(one)) for one in picture.series]
    if not all(series.best.all() for series in picture.series):
        handles.append(Line2D([], [], ls="none", label=DOMINATED, marker="o", mfc=GREY, mew=0, alpha=0.3))
    if picture.reference is not None:
        handles.append(Line2D([], [], ls="none", marker="x", color=GREY, label=REFERENCE))
    figure.legend(handles=handles, loc="outside right center", fontsize=11, frameon=False)
