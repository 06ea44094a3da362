"""Write leaderboards to a file, in the format that its ending names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ...utf8_file import as_utf8
from ...whole_file import replacing
from ..board.latex import as_latex
from ..board.leaderboard import Board
from ..board.overall_ranking import OverallRanking
from ..board.raw_boards import as_csv, as_json
from ..board.rendering import as_markdown
from ..records.store import Store
from .written_file import require_writable, writing

TEXTS: dict[str, Callable[[Sequence[Board], OverallRanking | None], str]] = {
    "md": as_markdown,
    "csv": lambda boards, _: as_csv(boards),
    "json": lambda boards, _: as_json(boards),
    "tex": as_latex,
}
"""Functions that write boards as text, by format; CSV and JSON hold what the ranking can be computed from."""
ENDINGS = (*(f".{name}" for name in TEXTS), ".html")
"""Endings of the files that a leaderboard can be written to."""


def check_report(file: Path) -> None:
    """Raise ConfigError where a report could not be written to `file`, before hours are spent on computing it."""
    require_writable(file, ENDINGS, what="a leaderboard is written")


def write_report(
    file: Path,
    boards: Sequence[Board],
    overall: OverallRanking | None,
    store: Store,
    *,
    title: str,
    made_by: str,
    further: Mapping[str, str] | None = None,
) -> None:
    """Write boards to a file that `check_report` has accepted.

    Args:
        file: the file, whose ending decides the format.
        boards: the boards, in the order in which they are written.
        overall: their overall ranking, if there is one.
        store: the store that the boards were made from.
        title: title of the report.
        made_by: the command that made the report, which Markdown and LaTeX mention.
        further: what stands beside the boards, by format: before them in texts, in a section of its own on the page.

    Raises:
        ConfigError: the file cannot be written.
    """
    kind = file.suffix.removeprefix(".")
    beside = (further or {}).get(kind, "")
    if kind == "html":
        from .page import write_page

        write_page(boards, store, file, overall=overall, title=title, published=beside)
        return
    text = TEXTS[kind](boards, overall)
    write_text(file, f"{beside}\n\n{text}" if beside else text, title=title, made_by=made_by)


def write_text(file: Path, text: str, *, title: str, made_by: str) -> None:
    """Write a text to a file that was found to be writable; Markdown and LaTeX get a title and the command.

    Raises:
        ConfigError: the file cannot be written.
    """
    if file.suffix == ".tex":
        text = f"% {as_utf8(title)}, made by: {as_utf8(made_by)}\n{text}"
    if file.suffix == ".md":
        text = f"# {title}\n\nMade by `{as_utf8(made_by)}`.\n\n{text}"
    with writing(file), replacing(file) as partial:
        partial.write_text(text + "\n", encoding="utf-8")
