"""`frontrunner leaderboard by-budget`: quality and rank at each budget that learners were run at."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from .console import StoreOption, open_console, store_to_read, store_to_write

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
    from ..board.leaderboard import leaderboards
    from ..reports.budget_report import check_budget_report, write_budget_report
    from .left_behind import record_and_say

    if output is not None:
        check_budget_report(output)
    opened = store_to_read(store)
    record_and_say(opened, open_to_write=store_to_write)
    boards = with_budgets(leaderboards(opened, suite))
    if output is not None:
        write_budget_report(output, boards, made_by=MADE_BY)
        open_console().print(f"wrote {output}", highlight=False, soft_wrap=True)
    elif format_ == "md":
        sys.stdout.write(by_budget_markdown(boards) + "\n")
    else:
        console = open_console()
        for board in boards:
            console.print(by_budget_table(board))
