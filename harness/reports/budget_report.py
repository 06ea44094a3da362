"""Write quality at each budget to a file: a table of every board, or a picture of one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...errors import ConfigError
from ...os_errors import because
from ..board.budget_table import by_budget_markdown
from ..board.leaderboard import Board
from .output_folder import require_folder
from .pictures.budget_figure import budget_figure
from .pictures.figure import FORMATS
from .report import write_text

TABLE = ".md"
ENDINGS = (TABLE, *FORMATS)
"""Endings of the files that quality at each budget can be written to."""


def check_budget_report(file: Path) -> None:
    """Raise ConfigError where quality at each budget could not be written to `file`."""
    if file.suffix not in ENDINGS:
        raise ConfigError(f"quality at each budget is written to a {', '.join(ENDINGS)} file, found {str(file)!r}")
    require_folder(file)


def write_budget_report(file: Path, boards: Sequence[Board], *, made_by: str) -> None:
    """Write quality at each budget to a file that `check_budget_report` has accepted.

    Args:
        file: the file, whose ending decides between a table of every board and a picture of one.
        boards: the boards, one or more, each with learners at several budgets (`with_budgets`).
        made_by: the command, which the table mentions.

    Raises:
        ConfigError: a picture is asked of several boards, or the file cannot be written.
    """
    if file.suffix == TABLE:
        write_text(file, by_budget_markdown(boards), title="By budget", made_by=made_by)
        return
    if len(boards) > 1:
        names = "; ".join(board.name for board in boards)
        raise ConfigError(f"a picture shows one board, found {len(boards)}: {names}; name one's suite (--suite)")
    try:
        budget_figure(boards[0], file, title=f"Quality at each budget: {boards[0].name}")
    except OSError as error:
        raise ConfigError(f"{file} cannot be written {because(error)}") from error
