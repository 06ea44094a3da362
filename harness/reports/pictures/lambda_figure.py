"""Mean accuracy along curves over lambda as a figure to print (matplotlib, imported on first use)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import ConfigError
from .figure import escape_mathtext, height_beside_legend, import_matplotlib, legend_name, new_figure, save_figure
from .looks import Look, looks_of

Curves = Mapping[str, Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]]
"""Learner -> for every seed lambdas, ascending, and mean accuracies in %, each of shape (n,)."""
MOST_COLUMNS = 3


def lambda_figure(panels: Mapping[str, Curves], path: str | Path, *, title: str) -> None:
    """Write a figure with a panel for each choice of tasks; a ring marks the best lambda of a curve.

    Every seed is a line; a learner's seeds share colour and marker.

    Args:
        panels: heading -> the curves in it; drawn in this order.
        path: the file to write, whose ending is one of `FORMATS`; its folder exists.
        title: one line above the picture.

    Raises:
        ConfigError: there is no curve.
    """
    import_matplotlib()
    from matplotlib.lines import Line2D

    names = dict.fromkeys(name for curves in panels.values() for name in curves)
    if not names:
        raise ConfigError(
            "a figure over lambda needs learners that are a curve over it, as task-arithmetic; found none"
        )
    columns = min(len(panels), MOST_COLUMNS)
    rows = -(-len(panels) // columns)
    height = height_beside_legend(0.8 + 3.4 * rows, [*names, "best of its curve"])
    figure = new_figure((2.6 + 3.8 * columns, height), title, dpi=150)
    looks = looks_of(names)
    for position, (heading, curves) in enumerate(panels.items()):
        axes = figure.add_subplot(rows, columns, position + 1)
        for name, seeds in curves.items():
            for lambdas, accuracies in seeds:
                colour, best = looks[name].colour, int(accuracies.argmax())
                axes.plot(lambdas, accuracies, color=colour, linewidth=1.3, alpha=0.85)
                axes.plot(lambdas, accuracies, **_marker(looks[name]))
                axes.plot(lambdas[best], accuracies[best], **_ring(colour))
        axes.set_title(escape_mathtext(heading), fontsize=11)
        axes.set_xlabel("λ", fontsize=12)
        if position % columns == 0:
            axes.set_ylabel("mean accuracy (%)", fontsize=12)
        axes.grid(alpha=0.25)
    handles = [
        Line2D([], [], color=looks[name].colour, label=legend_name(name), **_marker(looks[name], line=True))
        for name in names
    ]
    handles.append(Line2D([], [], label="best of its curve", **_ring("#444444")))
    figure.legend(handles=handles, loc="outside right center", fontsize=11, frameon=False)
    save_figure(figure, path)


def _marker(look: Look, *, line: bool = False) -> dict[str, Any]:
    return {
        "marker": look.marker.matplotlib,
        "markersize": 6.0 * look.marker.scale,
        "markerfacecolor": look.colour,
        "markeredgecolor": "white",
        "markeredgewidth": 0.5,
        **({} if line else {"linestyle": "none"}),
    }


def _ring(colour: str) -> dict[str, Any]:
    return {"linestyle": "none", "marker": "o", "markersize": 11, "markerfacecolor": "none", "markeredgecolor": colour}
