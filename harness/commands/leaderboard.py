"""`frontrunner leaderboard`: ranks what is recorded, and exchanges results with other stores."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ...errors import ConfigError, StoreError
from ..records.database_lock import say_on_standard_error
from .by_budget import by_budget
from .console import (
    PluginOption,
    StoreOption,
    open_console,
    place_of,
    program,
    require_one_format,
    say,
    store_to_read,
    store_to_write,
)
from .read_boards import named_suite, read_boards, without_garbage_collection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..board.leaderboard import Board
    from ..board.overall_ranking import OverallRanking
    from ..records.store import Store

app = typer.Typer(add_completion=False, rich_markup_mode="rich")
Format = Literal["table", "md", "csv", "json", "tex", "html"]
PAGE = Path("leaderboard.html")
"""Where `--format html` writes to without `--output`."""


@app.callback(invoke_without_command=True)
def leaderboard(
    context: typer.Context,
    suite: Annotated[str | None, typer.Option(help="Rank only this suite; all when absent.")] = None,
    baseline: Annotated[
        str | None, typer.Option(help="The learner (label or method) that all others are compared with, seed by seed.")
    ] = None,
    format_: Annotated[
        Format, typer.Option("--format", help=f"The format to print; html is written to {PAGE}.")
    ] = "table",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to a .md, .csv, .json, .tex or .html file instead.")
    ] = None,
    hide_failed: Annotated[
        bool, typer.Option("--hide-failed", help="Leave out learners of which every seed has failed.")
    ] = False,
    store: StoreOption = None,
    plugin: PluginOption = None,
) -> None:
    """Rank what is recorded by hypervolume, with intervals, IGD+, alignment and costs; export and import results."""
    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return
    from ..reports.report import check_report

    if plugin:  # of indicators; else nothing here needs torch
        from ..cells.plugins import load_plugins

        load_plugins(plugin)
    if output is not None:
        require_one_format(format_, output)
        check_report(output)
    with without_garbage_collection():
        opened, boards = read_boards(store, suite, baseline)
        if hide_failed:
            boards = _without_failed(boards)
        _show(boards, opened, output, format_)


def _refuse_options(context: typer.Context) -> None:
    """Raise ConfigError where options stand before a subcommand, which has its own and would not hear of them."""
    given = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name and getattr(context.get_parameter_source(parameter.name), "name", "") == "COMMANDLINE"
    ]
    if given:
        name = context.invoked_subcommand
        raise ConfigError(
            f"{', '.join(given)} before {name} would be ignored; put what {name} takes behind it, see "
            f"`{program()} leaderboard {name} --help`"
        )


def _without_failed(boards: Sequence[Board]) -> Sequence[Board]:
    """Return boards without rows of which every seed has failed, and say whose rows those are."""
    from ..board.hidden_rows import without_failed

    kept, hidden = without_failed(boards)
    if hidden:
        say_on_standard_error(f"left out, since every seed failed: {', '.join(hidden)}")
    return kept


app.command("by-budget")(by_budget)


@app.command("export")
def export_(
    file: Annotated[Path, typer.Argument(help="The .zip file to write.")],
    suite: Annotated[str | None, typer.Option(help="Export only this suite; all when absent.")] = None,
    store: StoreOption = None,
) -> None:
    """Write recorded results to a bundle that others can import: fronts, costs, provenance, no weights."""
    from ..bundle import export_bundle
    from ..bundle.summary import listed

    summary = export_bundle(store_to_read(store), file, suite=named_suite(suite))
    say(summary.sentence)
    if summary.left_out:  # an error, since what was written is not all that is recorded
        raise StoreError(
            f"left out of {file.name}: {listed(summary.left_out)}; put the file back from a copy, or delete the run in "
            "MLflow and run its cell again"
        )


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A .zip file written by `frontrunner leaderboard export`.")],
    ours: Annotated[
        bool, typer.Option("--ours", help="Keep this store's results where the bundle's conflict with them.")
    ] = False,
    store: StoreOption = None,
) -> None:
    """Add the results of a bundle to the store; all are checked first, and conflicts are named."""
    from ..bundle import import_bundle, read_bundle

    read_bundle(file)  # one that is damaged leaves no empty store behind
    summary = import_bundle(store_to_write(place_of(store)), file, ours=ours)
    say(summary.sentence)


def _show(boards: Sequence[Board], opened: Store, output: Path | None, format_: Format) -> None:
    """Print the boards and their ranking in a format, or write them to a file."""
    from ..board.overall_ranking import overall_ranking
    from ..reports.report import TEXTS, write_report

    overall = overall_ranking(boards)
    if output is None and format_ == "html":
        output = PAGE
    if output is not None:
        write_report(output, boards, overall, opened, title="Leaderboard", made_by="frontrunner leaderboard")
        say(f"wrote {output}")
    elif format_ == "table":
        print_boards(boards, overall)
    else:
        sys.stdout.write(TEXTS[format_](boards, overall) + "\n")


def print_boards(boards: Sequence[Board], overall: OverallRanking | None) -> None:
    """Print boards, then the ranking over all of them where there is one."""
    from ..board import rendering

    console = open_console()
    for board in boards:
        console.print(rendering.as_table(board, console.width))
    if overall is not None:
        console.print(rendering.ranking_table(overall))
