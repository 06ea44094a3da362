"""Write leaderboards as LaTeX tables for papers (packages booktabs and graphicx)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from ...one_line import as_one_line
from ..scoring.measures import INDICATOR_MEASURES
from .columns import MISSING, ranking_lines, text
from .leaderboard import Board, Row
from .notes import OBJECTIVES, UNFINISHED, measured_to, ranking_notes, reading_notes, reasons
from .overall_ranking import OverallRanking

PREAMBLE = "% In the preamble: \\usepackage{booktabs,graphicx}"
_MEANING = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    "↑": r"$\uparrow$", "↓": r"$\downarrow$", "≈": r"$\approx$", "±": r"$\pm$", "×": r"$\times$", "Δ": r"$\Delta$",
    "–": "--", "−": "$-$", "…": r"\ldots{}", "≤": r"$\leq$", "≥": r"$\geq$", "λ": r"$\lambda$", "·": r"$\cdot$",
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
}  # fmt: skip
"""What stands for characters that mean something in LaTeX, or that its fonts lack."""


def as_latex(boards: Sequence[Board], overall: OverallRanking | None = None) -> str:
    """Return a `table` for every board, then one of average ranks; the best value of an indicator is bold.

    The caption names the board; how to read it, and warnings, are notes under the table. The columns are those of
    Markdown. Tables that are wider than the line are scaled down to it.
    """
    tables = [_board_table(board) for board in boards]
    if overall is not None:
        first, *notes = ranking_notes(overall)
        lines = [[escape_latex(cell) for cell in line] for line in ranking_lines(overall)]
        tables.append(latex_table(lines, first, notes))
    return "\n\n".join([PREAMBLE, *tables])


def escape_latex(words: str) -> str:
    """Return a text on one line that LaTeX sets as it is; accents stay, and what has no letter in its fonts is `?`."""
    return "".join(_MEANING.get(letter) or _set(letter) for letter in unicodedata.normalize("NFC", as_one_line(words)))


def _set(letter: str) -> str:
    """Return a letter that pdfLaTeX can set, as it can those of Latin alphabets."""
    return letter if ord(letter) < 0x180 else "?"


def _board_table(board: Board) -> str:
    plain = text(board, runs=False)
    best = _best(board, plain)
    lines = [[escape_latex(cell) for cell in line] for line in plain]
    for i, j in best:
        lines[i][j] = f"\\textbf{{{lines[i][j]}}}"
    if board.reference_point is None:
        return latex_table(lines, f"{board.name}. {UNFINISHED}", reasons(board))
    notes = [measured_to(board, plain[0]), *reading_notes(board, tied="after a rank"), *reasons(board)]
    return latex_table(lines, f"{board.name}. {OBJECTIVES}", notes)


def _best(board: Board, lines: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
    """Return (line, column) of the best value of every indicator; of values that look the same, all are the best.

    Rows that have no rank are not compared: a board of fewer seeds than ranks need has no best value.
    """
    found = []
    for measure in INDICATOR_MEASURES.values():
        if not measure.directed or measure.titled not in lines[0]:
            continue
        column = lines[0].index(measure.titled)
        rows: list[tuple[int, Row]] = [
            (i, row) for i, row in enumerate(board.rows, 1) if measure.name in row.metrics and board.is_ranked(row)
        ]
        if len(rows) < 2:
            continue
        choose = max if measure.maximize else min
        best, _ = choose(rows, key=lambda row: row[1].metrics[measure.name])
        found += [(i, column) for i, _ in rows if lines[i][column] == lines[best][column] != MISSING]
    return found


def latex_table(lines: Sequence[Sequence[str]], caption: str, notes: Sequence[str], *, align: str = "") -> str:
    """Return a table of cells that are LaTeX already; its caption and the notes under it are plain words.

    Args:
        lines: the heading, then one line per row.
        caption, notes: plain text; each note ends up as a sentence of its own.
        align: one letter per column, `l` for left and `r` for right; where it is empty the second column is a name.
    """
    heading, *rows = [" & ".join(line) + r" \\" for line in lines]
    align = align or "rl" + "r" * (len(lines[0]) - 2)
    return "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            f"  \\caption{{{escape_latex(_plain(caption))}}}",
            r"  \resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            f"  \\begin{{tabular}}{{{align}}}",
            r"    \toprule",
            f"    {heading}",
            r"    \midrule",
            *(f"    {row}" for row in rows),
            r"    \bottomrule",
            r"  \end{tabular}}",
            *_notes(notes),
            r"\end{table}",
        ]
    )


def _notes(notes: Sequence[str]) -> list[str]:
    """Return the lines under a table, in small type as wide as the text; none where there is nothing to note."""
    if not notes:
        return []
    told = [escape_latex(_plain(one if one.endswith(".") else f"{one}.")) for one in notes]
    return [
        r"  \par\smallskip",
        r"  \begin{minipage}{\linewidth}",
        r"    \footnotesize\raggedright",
        *(rf"    {one}\par" for one in told),
        r"  \end{minipage}",
    ]


def _plain(words: str) -> str:
    """Return the words without Markdown's marks."""
    return re.sub(r"[`*]", "", words)
