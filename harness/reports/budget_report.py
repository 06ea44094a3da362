"""Write quality at each budget to a file: a table of every board, or a picture of each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..board.budget_table import by_budget_markdown
from ..board.leaderboard import Board
from .pictures.budget_figure import budget_figure
from .pictures.figure import FORMATS
from .report import write_text
from .written_file import require_writable, writing

TABLE = ".md"


def check_budget_report(file: Path) -> None:
    """Raise ConfigError where quality at each budget could not be written to `file`."""
    require_writable(file, (TABLE, *FORMATS), what="quality at each budget is written")


def write_budget_report(file: Path, boards: Sequence[Board], *, made_by: str) -> Iterator[Path]:
    """Write quality at each budget to a file that `check_budget_report` has accepted, and yield each that is written.

    A picture shows one board: of several, each has a file of its own, whose name goes on with the board's.

    Args:
        file: the file, whose ending decides between a table of every board and pictures.
        boards: the boards, one or more, each with learners at several budgets (`with_budgets`).
        made_by: the command, which the table mentions.

    Raises:
        ConfigError: a file cannot be written.
    """
    if file.suffix == TABLE:
        write_text(file, by_budget_markdown(boards), title="By budget", made_by=made_by)
        yield file
        return
    for board in boards:
        picture = file if len(boards) == 1 else file.with_stem(f"{file.stem}-{_as_file_name(board.name)}")
        require_writable(picture, FORMATS, what="a picture is drawn")
        with writing(picture):
            budget_figure(board, picture, title=f"Quality at each budget: {board.name}")
        yield picture


def _as_file_name(name: str) -> str:
    """Return the name of a board, which no other board of a store has, in letters that every file system takes."""
    return re.sub(r"[^\w.]+", "-", name).strip("-")
