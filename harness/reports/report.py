"""Leaderboards as files, by their ending."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ...errors import ConfigError
from ..board.leaderboard import Board
from ..board.overall_ranking import OverallRanking
from ..board.raw_boards import as_csv, as_json
from ..board.rendering import as_markdown
from ..records.store import Store

TEXTS: dict[str, Callable[[Sequence[Board], OverallRanking | None], str]] = {
    "md": as_markdown,
    "csv": lambda boards, _: as_csv(boards),
    "json": lambda boards, _: as_json(boards),
}
"""Format -> what writes it; CSV and JSON hold what standings are computed from."""
ENDINGS = (*(f".{name}" for name in TEXTS), ".html")


def check_report(file: Path) -> None:
    """ConfigError where a report could not be written to `file`, before hours are spent on it."""
    if file.suffix not in ENDINGS:
        raise ConfigError(f"a leaderboard is written to a {', '.join(ENDINGS)} file, found {str(file)!r}")
    if not file.resolve().parent.is_dir():
        raise ConfigError(f"the folder of {str(file)!r} does not exist; make it first")


def write_report(
    file: Path, boards: Sequence[Board], standings: OverallRanking | None, store: Store, *, title: str, made_by: str
) -> None:
    """Write boards to a file that `check_report` has accepted.

    Args:
        file: its ending says what is written.
        boards: in this order.
        standings: over them, where there are any.
        store: whose boards they are.
        title: for people.
        made_by: the command, told in Markdown.
    """
    if file.suffix == ".html":
        from .page import write_page

        write_page(boards, store, file, standings=standings, title=title)
        return
    text = TEXTS[file.suffix.removeprefix(".")](boards, standings)
    if file.suffix == ".md":
        text = f"# {title}\n\nMade by `{made_by}`.\n\n{text}"
    try:
        file.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"the leaderboard cannot be written to {str(file)!r} ({error.strerror})") from error
