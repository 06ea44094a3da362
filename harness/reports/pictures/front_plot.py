"""A front drawn in the terminal, in characters, as wide as the console allows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from ....metrics import Front

MAX_WIDTH = 72
"""The largest width of a scatter; a wider one would tell no more."""
MIN_WIDTH = 30
"""The smallest width of scatters that stand side by side."""
GAP = 3
MEMBER, DOMINATED = "bold cyan", "dim"


@dataclass(frozen=True)
class FrontPlot:
    """A minimised front as scatters, lower left is better; dominated members are drawn small and dim.

    Two tasks make one scatter, and three make one per pair; with more tasks, only the pair is drawn whose errors
    conflict most among the members that nothing dominates. A front of one point, or of one task, is not drawn.
    """

    front: Front
    tasks: tuple[str, ...]

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        points, kept = self.front.objectives, self.front.non_dominated_mask
        pairs = list(combinations(range(len(self.tasks)), 2))
        if not pairs or len(np.unique(points, axis=0)) == 1:
            return
        if len(self.tasks) > 3:
            pairs = [most_conflicting(points[kept])]
            yield Text(f"{self.tasks[pairs[0][0]]} and {self.tasks[pairs[0][1]]}, the two tasks that conflict most")
        beside = (options.max_width - GAP * (len(pairs) - 1)) // len(pairs)
        width = min(beside if beside >= MIN_WIDTH else options.max_width, MAX_WIDTH)
        height = width // 4 if beside >= MIN_WIDTH else 8
        scatters = [
            scatter(
                points[:, pair],
                kept,
                [f"{self.tasks[i]} error" for i in pair],
                width=width,
                height=max(height, 8),
                ascii_only=options.ascii_only,
            )
            for pair in map(list, pairs)
        ]
        if beside >= MIN_WIDTH:
            grid = Table.grid(padding=(0, GAP, 0, 0))
            grid.add_row(*scatters)
            yield grid
        else:
            yield from scatters


def most_conflicting(points: NDArray[np.float64]) -> tuple[int, int]:
    """Return the two objectives of points (n, T) whose correlation is lowest: one improves, the other gets worse."""
    centred = points - points.mean(axis=0)
    norms = np.linalg.norm(centred, axis=0)
    products = centred.T @ centred
    scales = np.outer(norms, norms)
    # An objective that does not change conflicts with none.
    correlations = np.divide(products, scales, out=np.ones_like(products), where=scales > 0)
    return min(combinations(range(points.shape[1]), 2), key=lambda pair: float(correlations[pair]))


def scatter(
    points: NDArray[np.float64],
    kept: NDArray[np.bool_],
    names: list[str],
    *,
    width: int,
    height: int,
    ascii_only: bool = False,
) -> Text:
    """Draw points (n, 2) on `height` lines within axes, `width` characters in all, with the `kept` ones on top."""
    member, dominated, side, corner, bottom = "o.|+-" if ascii_only else "●·│└─"
    low, high = points.min(axis=0), points.max(axis=0)
    ends = [[f"{value:.3g}" for value in (low[axis], high[axis])] for axis in (0, 1)]
    margin = max(map(len, ends[1]))
    columns = max(width - margin - 1, 2)
    canvas = [[(" ", "")] * columns for _ in range(height)]
    extent = np.where(high > low, high - low, 1.0)
    places = np.rint((points - low) / extent * [columns - 1, height - 1]).astype(int)
    for i in np.argsort(kept, kind="stable"):
        column, row = places[i]
        canvas[height - 1 - row][column] = (member, MEMBER) if kept[i] else (dominated, DOMINATED)
    lines = [Text(names[1])]
    for i, line in enumerate(canvas):
        tick = {0: ends[1][1], height - 1: ends[1][0]}.get(i, "")
        lines.append(Text.assemble(f"{tick:>{margin}}{side}", *line))
    lines.append(Text(" " * margin + corner + bottom * columns))
    left, right = ends[0]
    name = Text(names[0])
    name.truncate(max(columns - len(left) - len(right) - 2, 0), overflow="ellipsis")
    name.align("center", max(columns - len(left) - len(right), 0))
    lines.append(Text.assemble(" " * (margin + 1), left, name, right))
    for whole in lines:
        whole.truncate(width)
    return Text("\n", no_wrap=True).join(lines)
