"""Quality against budget as a picture to print (matplotlib, imported on first use)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ....errors import ConfigError
from ...board.budget_curves import BudgetCurve, budget_curves, budget_unit, compared_budgets
from ...board.leaderboard import Board, Row
from ...scoring.measures import MEASURES
from ...scoring.units import as_rough_count
from .figure import escape_mathtext, height_beside_legend, is_wide, legend_name, new_figure, save_figure
from .looks import looks_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NARROW = 0.1
"""Budgets that differ by less than this share of the largest are written in full."""


def budget_figure(board: Board, path: str | Path, *, title: str) -> None:
    """Write a picture of every learner's mean hypervolume against what its trainings took.

    A learner that was run at several budgets is a line, one without a budget a horizontal line. Where it is known what
    the experts' fine-tuning took, a second panel adds that to those that use them, and merges are points.

    Args:
        board: the board whose finished rows are drawn.
        path: the file to write, of one of `figure.FORMATS`; its folder exists.
        title: one line above the picture.

    Raises:
        ConfigError: no learner was run at several budgets.
    """
    curves = budget_curves(board)
    if not compared_budgets(curves):
        raise ConfigError("a picture of quality at each budget needs a learner that was run at several; found none")
    panels: list[tuple[str, Callable[[Row, float], float | None]]] = [(budget_unit(board), lambda _, budget: budget)]
    if any(row.metrics.get("expert_gradient_examples") for curve in curves for row in curve.rows):
        whole = MEASURES["total_gradient_examples"].name
        panels.append(("with the experts' fine-tuning", lambda row, _: row.metrics.get(whole)))
    height = height_beside_legend(5.0, [curve.label for curve in curves])
    figure = new_figure((5.2 * len(panels) + 2.6, height), title)
    every = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (name, cost) in zip(every, panels, strict=True):
        _draw(axes, curves, cost)
        axes.set_xlabel(name, fontsize=12)
    every[0].set_ylabel(escape_mathtext(MEASURES["hypervolume"].titled), fontsize=12)
    handles, names = every[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside right center", fontsize=10, frameon=False)
    save_figure(figure, path)


def _draw(axes: Axes, curves: Sequence[BudgetCurve], cost: Callable[[Row, float], float | None]) -> None:
    """Draw every learner's line over what `cost` says of its rows and budgets; None leaves a row out."""
    shown: list[float] = []
    looks = looks_of(curve.label for curve in curves)
    for curve in curves:
        colour, marker = looks[curve.label].colour, looks[curve.label].marker
        look: dict[str, Any] = {
            "color": colour,
            "marker": marker.matplotlib,
            "markeredgecolor": "white",
            "markeredgewidth": 0.5,
        }
        points = [
            (x, row.metrics["hypervolume"])
            for budget, row in zip(curve.budgets, curve.rows, strict=True)
            if (x := cost(row, budget)) is not None
        ]
        label = legend_name(curve.label)
        if points and max(points)[0] == 0:
            axes.axhline(points[0][1], linewidth=1.0, linestyle=":", label=label, **look)
            continue
        points = [point for point in points if point[0] > 0]
        shown += [x for x, _ in points]
        axes.plot(*np.array(points).reshape(-1, 2).T, label=label, markersize=6.0 * marker.scale, linewidth=1.2, **look)
    if is_wide(shown):
        axes.set_xscale("log")
    if shown and max(shown) - min(shown) < _NARROW * max(shown):
        axes.locator_params(axis="x", integer=True)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    else:
        axes.xaxis.set_major_formatter(lambda value, _: as_rough_count(value))
    axes.grid(alpha=0.25)
