"""`frontrunner leaderboard by-budget`: quality and rank at each budget that learners were run at."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from .console import StoreOption, open_console, require_one_format, say
from .read_boards import read_boards, without_garbage_collection

MADE_BY = "frontrunner leaderboard by-budget"


def by_budget(
    suite: Annotated[str | None, typer.Option(help="Show only this suite; all when absent.")] = None,
    format_: Annotated[Literal["table", "md"], typer.Option("--format", help="The format to print.")] = "table",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write to a .md file instead, or draw to a .png, .pdf or .svg file."),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Show hypervolume and rank at each budget of benches with `budgets`."""
    from ..board.budget_table import by_budget_markdown, by_budget_table, with_budgets
    from ..reports.budget_report import check_budget_report, write_budget_report

    if output is not None:
        require_one_format(format_, output)
        check_budget_report(output)
    with without_garbage_collection():
        boards = with_budgets(read_boards(store, suite)[1])
        if output is not None:
            for written in write_budget_report(output, boards, made_by=MADE_BY):
                say(f"wrote {written}")
        elif format_ == "md":
            sys.stdout.write(by_budget_markdown(boards) + "\n")
        else:
            console = open_console()
            for board in boards:
                console.print(by_budget_table(board))
