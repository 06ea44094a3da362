"""A critical-difference diagram as a PNG (matplotlib, imported on first use)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ....errors import ConfigError
from ....metrics.ranking import DIAGRAM_BLOCKS, DIAGRAM_LEARNERS, Ranking
from .figure import escape_mathtext, new_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLACK = "#222222"
CLIQUE = "#D55E00"
NAME_WIDTH = 36  # characters, as many as fit beside the axis
_LINE = 0.34  # inches from one name to the next
_BAR = 0.14  # inches from one bar to the next


def rank_png(ranking: Ranking, path: str | Path, *, title: str) -> None:
    """Write a PNG of learners on an axis of average ranks, the best on the left (Demsar, JMLR 7, 2006, figure 1).

    A thick bar joins learners whose average ranks cannot be told apart; the ruler above the axis is the critical
    difference.

    Args:
        ranking: a ranking of enough blocks and learners, see `enough_for_diagram`.
        path: the file to write; its folder exists.
        title: one line above the picture.

    Raises:
        ConfigError: there are too few blocks or learners for a diagram to show anything.
    """
    if not ranking.enough_for_diagram:
        raise ConfigError(
            f"a critical-difference diagram needs at least {DIAGRAM_BLOCKS} blocks and {DIAGRAM_LEARNERS} learners, "
            f"found {ranking.n_blocks} and {len(ranking.names)}; run more suites, seeds or learners"
        )
    on_left = (len(ranking.names) + 1) // 2
    bars = 0.2 + _BAR * len(ranking.cliques)  # inches from the axis to the first name's line
    below = bars + _LINE * on_left
    figure = new_figure((11.0, 1.65 + below), title, dpi=150)
    axes = figure.add_subplot()
    _draw_axis(axes, ranking, below)
    _draw_names(axes, ranking, on_left, bars)
    for level, clique in enumerate(ranking.cliques):
        ends = [ranking.average_ranks[ranking.names.index(name)] for name in (clique[0], clique[-1])]
        depth = -0.16 - _BAR * level
        axes.plot(ends, [depth, depth], color=CLIQUE, linewidth=5.0, solid_capstyle="round", zorder=3)
    save_figure(figure, path)


def _draw_axis(axes: Axes, ranking: Ranking, below: float) -> None:
    """Draw the axis (ranks to the right, inches downwards), and above it the ruler and the test."""
    k = len(ranking.names)
    margin = 0.8 * (k - 1)  # for the names on either side
    axes.set_xlim(1 - margin, k + margin)
    axes.set_ylim(-below, 1.0)
    axes.set_axis_off()
    axes.plot([1, k], [0, 0], color=BLACK, linewidth=1.2)
    for tick in range(1, k + 1) if k <= 20 else (1, *range(5, k + 1, 5)):
        axes.plot([tick, tick], [0, 0.08], color=BLACK, linewidth=1.2)
        axes.text(tick, 0.13, f"{tick}", ha="center", va="bottom", fontsize=11, color=BLACK)
    axes.text(1 - 0.04 * (k - 1), 0.0, "average rank\n(1 is best)", ha="right", va="center", fontsize=10, color=BLACK)
    difference = ranking.critical_difference
    assert difference is not None  # for the type checker: there are enough learners
    axes.plot([1, 1 + difference], [0.55, 0.55], color=BLACK, linewidth=1.2)
    for end in (1, 1 + difference):
        axes.plot([end, end], [0.49, 0.61], color=BLACK, linewidth=1.2)
    p = ranking.friedman_p
    tested = f"CD = {difference:.2f} ({100 * ranking.confidence:g} %, {ranking.n_blocks} blocks)"
    tested += "" if p is None else f";  Friedman's test: p {'< 0.001' if p < 0.001 else f'= {p:.3f}'}"
    axes.text(1, 0.66, tested, ha="left", va="bottom", fontsize=11, color=BLACK)


def _draw_names(axes: Axes, ranking: Ranking, on_left: int, bars: float) -> None:
    """Hang the better half on the left, top down, and the others on the right, bottom up: no lines cross."""
    k = len(ranking.names)
    for i, (name, average) in enumerate(zip(ranking.names, ranking.average_ranks, strict=True)):
        left = i < on_left
        line = i if left else k - 1 - i
        depth = -bars - _LINE * (line + 0.4)
        edge = 1 - 0.04 * (k - 1) if left else k + 0.04 * (k - 1)
        axes.plot([average, average, edge], [0, depth, depth], color=BLACK, linewidth=1.0)
        text = escape_mathtext(name if len(name) <= NAME_WIDTH else f"{name[: NAME_WIDTH - 1]}…")
        shown = f"{text}  {average:.2f}" if left else f"{average:.2f}  {text}"
        beside = edge + (-0.012 if left else 0.012) * (k - 1)
        axes.text(beside, depth, shown, ha="right" if left else "left", va="center", fontsize=11, color=BLACK)
