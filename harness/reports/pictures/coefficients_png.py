"""Merge coefficients by depth as a heat map to print (matplotlib, imported on first use)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...records.coefficients import MergeCoefficients
from .figure import escape_mathtext, new_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELL_INCHES = 0.24
MIN_PANEL_INCHES = 0.9
GAP_INCHES = 0.15
LETTER_INCHES = 0.085
TEXT_GAP_INCHES = 0.05
CAPTION_LINES = 4


def coefficients_png(record: MergeCoefficients, path: str | Path, *, title: str) -> None:
    """Write a PNG with a panel for every corner of the simplex and one for its centre.

    Rows are parts of the model, the first at the top; columns are the T experts; colour is the coefficient, white
    at 0. Where a corner or the centre is not on the grid, the nearest recorded preference stands for it, and has one
    panel where it stands for several.

    Args:
        record: the coefficients.
        path: the file to write; its folder exists.
        title: one line above the picture.
    """
    n_tasks, n_parts = len(record.tasks), len(record.parts)
    shown = shown_positions(record)
    # All panels lie in the same axes, which takes a tenth of the time of axes for each.
    width = max(CELL_INCHES, MIN_PANEL_INCHES / n_tasks)
    starts = np.arange(len(shown)) * (n_tasks + GAP_INCHES / width)
    names = shortened(record.parts)
    size = (
        1.7 + LETTER_INCHES * max(map(len, names)) + width * float(starts[-1] + n_tasks),
        max(2.6, 1.9 + CELL_INCHES * n_parts),
    )
    figure = new_figure(size, title)
    axes = figure.add_subplot()
    largest = float(np.abs(record.coefficients[shown]).max()) or 1.0
    # A column without values lies between two panels; one mesh takes an eighth of the time of an image for each.
    with_gaps = [np.pad(record.coefficients[position], ((0, 0), (0, 1)), constant_values=np.nan) for position in shown]
    edges = (starts[:, None] + np.arange(n_tasks + 1)).ravel()
    image = axes.pcolormesh(
        edges,
        np.arange(n_parts + 1),
        np.ma.masked_invalid(np.hstack(with_gaps)[:, :-1]),
        cmap="RdBu_r",
        vmin=-largest,
        vmax=largest,
    )
    axes.set_ylim(n_parts, 0)
    axes.set_xlim(0, starts[-1] + n_tasks)
    columns = (starts[:, None] + np.arange(n_tasks)).ravel()
    axes.vlines(columns, 0, n_parts, colors="white", linewidth=1.0)
    axes.set_xticks([])
    axes.set_yticks(np.arange(n_parts) + 0.5, [*map(escape_mathtext, names)], fontsize=9)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    _write_along(axes, columns + 0.5, [*record.tasks] * len(shown), below=True, rotation=90)
    _write_along(axes, starts + n_tasks / 2, [_caption(record, position) for position in shown], below=False)
    axes.set_ylabel("part of the model, first to last", fontsize=10)
    bar = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.01, aspect=max(8.0, 1.2 * n_parts))
    bar.set_label("merge coefficient", fontsize=10)
    save_figure(figure, path)


def _write_along(
    axes: Axes, places: NDArray[np.floating[Any]], texts: Sequence[str], *, below: bool, **style: Any
) -> None:
    """Write texts below or above the axes, centred at places of its x axis: ticks would take thrice as long.

    Args:
        axes: of a figure.
        places: shape (n,), in data coordinates.
        texts: the n texts as they are.
        below: below the axes rather than above.
        style: how they are written.
    """
    from matplotlib.transforms import ScaledTranslation

    away = TEXT_GAP_INCHES * (-1 if below else 1)
    place = axes.get_xaxis_transform() + ScaledTranslation(0, away, axes.figure.dpi_scale_trans)
    for x, text in zip(places, texts, strict=True):
        axes.text(
            x,
            0.0 if below else 1.0,
            escape_mathtext(text),
            transform=place,
            horizontalalignment="center",
            verticalalignment="top" if below else "bottom",
            fontsize=9,
            **style,
        )


def shown_positions(record: MergeCoefficients) -> list[int]:
    """Return the positions of the preferences that get a panel: those nearest to the corners and the centre."""
    n_tasks = len(record.tasks)
    wanted = np.vstack([np.eye(n_tasks), np.full(n_tasks, 1 / n_tasks)])
    return list(dict.fromkeys(record.nearest(preference) for preference in wanted))


def shortened(parts: tuple[str, ...]) -> list[str]:
    """Shorten the names of parts: drop what precedes the block's number, else the modules that hold all parts."""
    paths = [part.split(".") for part in parts]
    numbered = [next((i for i, word in enumerate(path) if word.isdigit()), 0) for path in paths]
    if len(names := {".".join(path[i:]): None for path, i in zip(paths, numbered, strict=True)}) == len(parts):
        return list(names)
    inner = min(map(len, paths)) - 1  # the last word of every name stays
    common = next((i for i in range(inner) if len({path[i] for path in paths}) > 1), inner)
    return [".".join(path[common:]) for path in paths]


def _caption(record: MergeCoefficients, position: int) -> str:
    """Return what the preference asks for: a task, all tasks alike, or its weights."""
    preference: NDArray[np.float64] = record.preferences[position]
    if preference.max() > 1 - 1e-9:
        return f"all for\n{record.tasks[int(preference.argmax())]}"
    if np.ptp(preference) < 1e-9:
        return "equal\nweights"
    weights = [f"{task} {w:.2g}" for task, w in zip(record.tasks, preference, strict=True) if w > 0]
    return "\n".join(weights) if len(weights) <= CAPTION_LINES else "nearest to\nequal weights"
