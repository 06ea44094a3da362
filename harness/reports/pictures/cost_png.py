"""Quality against cost as a PNG to print (matplotlib, imported on first use)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ....errors import ConfigError
from ...board.leaderboard import Board, Row
from ...board.learner_names import labels
from ...scoring.measures import MEASURES, Measure
from .figure import escape_mathtext, height_beside_legend, is_wide, legend_name, new_figure, save_figure
from .front_picture import GREY
from .looks import Look, looks_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MEMORY = ("fit_peak_gpu_allocated_bytes", "peak_rss_bytes")


def cost_png(board: Board, path: str | Path, *, title: str, quality: str = "hypervolume") -> None:
    """Write a PNG of every learner's quality against its wall time and against its peak memory, means over seeds.

    A line joins the learners that no other beats in quality without costing more. Seeds are small and faint beside
    their mean, since intervals of few seeds would reach below 0. Memory is the device's where some learner used one,
    else that of the cell's processes.

    Args:
        board: the board whose finished rows are drawn.
        path: the file to write; its folder exists.
        title: one line above the picture.
        quality: a name in `measures.INDICATOR_MEASURES`, which knows whether higher is better.

    Raises:
        ConfigError: no row has both the quality and a cost.
    """
    memory = next((name for name in _MEMORY if any(name in row.intervals for row in board.rows)), _MEMORY[-1])
    panels = [
        (cost, rows)
        for cost in ("wall_time_s", memory)
        if (rows := [row for row in board.rows if quality in row.intervals and cost in row.intervals])
    ]
    if not panels:
        raise ConfigError(f"a picture of quality against cost needs a finished learner with {quality} and a cost")
    names = labels([board])
    looks = looks_of(names.values())
    named = {key: (name, looks[name]) for key, name in names.items()}
    height = height_beside_legend(5.0, names.values())
    figure = new_figure((5.2 * len(panels) + 2.6, height), title)
    for axes, (cost, rows) in zip(np.atleast_1d(figure.subplots(1, len(panels), sharey=True)), panels, strict=True):
        _draw(axes, rows, MEASURES[quality], MEASURES[cost], named)
    axes = figure.axes[0]
    axes.set_ylabel(escape_mathtext(MEASURES[quality].titled), fontsize=12)
    handles, shown = axes.get_legend_handles_labels()
    figure.legend(handles, shown, loc="outside right center", fontsize=10, frameon=False)
    save_figure(figure, path)


def _draw(axes: Axes, rows: list[Row], quality: Measure, cost: Measure, named: dict[str, tuple[str, Look]]) -> None:
    points = np.array([[row.intervals[cost.name].mean, row.intervals[quality.name].mean] for row in rows])
    best = unbeaten(points[:, 0], points[:, 1], maximize=quality.maximize)
    axes.plot(*points[best].T, color=GREY, linewidth=1.0, linestyle="--", zorder=1)
    for row, (x, y) in zip(rows, points, strict=True):
        name, look = named[row.key]
        size = 8.0 * look.marker.scale
        drawn: dict[str, Any] = {
            "marker": look.marker.matplotlib,
            "color": look.colour,
            "linestyle": "none",
            "markeredgecolor": "white",
        }
        if len(seeds := _seeds(row, cost.name, quality.name)) > 1:
            axes.plot(*zip(*seeds, strict=True), markersize=0.6 * size, markeredgewidth=0.3, alpha=0.35, **drawn)
        axes.plot(x, y, markersize=size, label=legend_name(name), zorder=3, **drawn)
    if is_wide(points[:, 0].tolist()):
        axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: cost.text(value) if value > 0 else "0")
    axes.tick_params(axis="x", labelrotation=30)
    axes.set_xlabel(cost.heading, fontsize=12)
    axes.grid(alpha=0.25)


def unbeaten(costs: ArrayLike, qualities: ArrayLike, *, maximize: bool) -> list[int]:
    """Return the positions of entries that no other beats in quality without costing more, the cheapest first.

    Args:
        costs: one cost per entry, shape (n,); less is better.
        qualities: one quality per entry, shape (n,).
        maximize: whether more quality is better.
    """
    minimised = np.asarray(qualities, dtype=np.float64) * (-1.0 if maximize else 1.0)
    order = np.lexsort((minimised, np.asarray(costs)))
    in_order = minimised[order]
    cheaper = np.minimum.accumulate(np.append(np.inf, in_order[:-1]))  # the best quality of all that cost no more
    best: list[int] = order[in_order < cheaper].tolist()
    return best


def _seeds(row: Row, cost: str, quality: str) -> list[tuple[float, float]]:
    """Return (cost, quality) of every seed that has both."""
    costs, qualities = row.values(cost), row.values(quality)
    return [(costs[seed], qualities[seed]) for seed in costs if seed in qualities]
