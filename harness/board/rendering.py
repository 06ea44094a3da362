"""Write leaderboards for people: as tables in the terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..scoring.measures import MEASURES
from .columns import ranking_lines, text
from .leaderboard import Board
from .markdown import escape_markdown, markdown_table
from .notes import caption, ranking_caption, reasons
from .overall_ranking import OverallRanking


def as_table(board: Board, width: int) -> RenderableType:
    """Return a table for a terminal of `width` columns.

    Columns that have no room are left out from the right, but never the run's.
    """
    heading, *lines = text(board)
    widths = [max(cell_len(line[i]) for line in [heading, *lines]) + 3 for i in range(len(heading))]
    *shown, run = range(len(heading))  # the run is never left out: its id gives access to the rest
    least = heading.index(MEASURES["hypervolume"].titled) + 1 if MEASURES["hypervolume"].titled in heading else 3
    while len(shown) > least and sum(widths[i] for i in [*shown, run]) + 1 > width:
        shown.pop()
    notes = [caption(board, [heading[i] for i in shown]), *reasons(board)]
    if left_out := heading[len(shown) : run]:
        notes.append(f"Not shown for want of width: {', '.join(left_out)}.")
    table = Table(title=Text(board.name), title_justify="left", title_style="bold")
    for i in (*shown, run):
        # The second column, the name, is the only one that may be folded.
        table.add_column(heading[i], justify="left" if i == 1 else "right", overflow="fold", no_wrap=i != 1)
    styles = ["" if row.seeds else "dim" for row in board.rows]
    styles += ["italic"] * (len(lines) - len(styles))  # the yardstick's line
    if lines and sum(widths[i] for i in [*shown, run]) + 1 <= width:
        # Nothing is folded, and one row of many lines is drawn three times as fast as many rows.
        table.add_row(*(_stacked([line[i] for line in lines], styles) for i in (*shown, run)))
    else:
        for style, line in zip(styles, lines, strict=True):
            table.add_row(*(Text(line[i]) for i in (*shown, run)), style=style)
    return Group(table, *(Text(note, style="dim italic") for note in notes))


def _stacked(cells: Sequence[str], styles: Sequence[str]) -> Text:
    return Text("\n").join(Text(cell, style=style) for cell, style in zip(cells, styles, strict=True))


def ranking_table(overall: OverallRanking) -> RenderableType:
    """Return a table for the terminal of average ranks, best first."""
    heading, *lines = ranking_lines(overall)
    table = Table(title="All boards", title_justify="left", title_style="bold")
    for i, name in enumerate(heading):
        table.add_column(name, justify="left" if i == 1 else "right")
    for line in lines:
        table.add_row(*map(Text, line))
    return Group(table, Text(ranking_caption(overall), style="dim italic"))


def as_markdown(boards: Sequence[Board], overall: OverallRanking | None = None) -> str:
    """Return the boards as GitHub-flavoured Markdown, each with heading, table, caption and unfinished seeds."""
    parts = []
    for board in boards:
        notes = "".join(f"\n- {escape_markdown(reason)}" for reason in reasons(board))
        lines = text(board, runs=False)
        table = _table(lines)
        parts.append(
            f"### {escape_markdown(board.name)}\n\n{table}\n\n{escape_markdown(caption(board, lines[0]))}"
            + (f"\n{notes}" if notes else "")
        )
    if overall is not None:
        table = _table(ranking_lines(overall))
        parts.append(f"### All boards\n\n{table}\n\n{escape_markdown(ranking_caption(overall))}")
    return "\n\n".join(parts)


def _table(lines: Sequence[Sequence[str]]) -> str:
    return markdown_table(lines, align="rl" + "r" * (len(lines[0]) - 2))  # the second column is the name
