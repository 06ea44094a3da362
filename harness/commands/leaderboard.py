"""`frontrunner leaderboard`: ranks what is recorded, and exchanges results with other stores."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ...errors import ConfigError, StoreError
from ..records.database_lock import say_on_standard_error
from .by_budget import by_budget
from .console import PluginOption, StoreOption, busy, open_console, place_of, store_to_read, store_to_write

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
        return
    from ...yaml_file import is_yaml_file
    from ..board.leaderboard import leaderboards
    from ..records.suite_experiments import deleted_advice
    from ..reports.report import check_report
    from .left_behind import record_and_say

    if plugin:  # of indicators; else nothing here needs torch
        from ..cells.plugins import load_plugins

        load_plugins(plugin)
    if output is not None:
        if format_ not in ("table", output.suffix.removeprefix(".")):
            raise ConfigError(f"--format {format_} and --output {output} say different things; drop --format")
        check_report(output)
    if suite is not None and is_yaml_file(suite):
        from ..cells.suite_files import suite_name

        suite = suite_name(suite)
    opened = store_to_read(store)
    record_and_say(opened, open_to_write=store_to_write)
    with _without_garbage_collection():
        with busy("Reading results; fronts that are new are scored, once."):
            boards: Sequence[Board] = leaderboards(opened, suite, baseline=baseline)
            deleted = [] if boards else opened.deleted_suites()
        for name in deleted:
            say_on_standard_error(deleted_advice(name))
        if not boards and not deleted:
            raise StoreError(_nothing_to_rank(opened))
        if hide_failed:
            boards = _without_failed(boards)
        _show(boards, opened, output, format_)


def _nothing_to_rank(opened: Store) -> str:
    """Return the sentence for a store without a run that a leaderboard could show."""
    if opened.forgotten():
        advice = "every run of a cell was forgotten, which `frontrunner forget --undo RUN` takes back"
    else:
        advice = "run something first, or name another with --store"
    return f"no run of a cell is recorded in {opened.place}; {advice}"


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

    summary = export_bundle(store_to_read(store), file, suite=suite)
    open_console().print(summary.sentence, highlight=False, soft_wrap=True)
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
    open_console().print(summary.sentence, highlight=False, soft_wrap=True)


def _show(boards: Sequence[Board], opened: Store, output: Path | None, format_: Format) -> None:
    """Print the boards and their ranking in a format, or write them to a file."""
    from ..board.overall_ranking import overall_ranking
    from ..reports.report import TEXTS, write_report

    overall = overall_ranking(boards)
    if output is None and format_ == "html":
        output = PAGE
    if output is not None:
        write_report(output, boards, overall, opened, title="Leaderboard", made_by="frontrunner leaderboard")
        open_console().print(f"wrote {output}", highlight=False, soft_wrap=True)
    elif format_ == "table":
        print_boards(boards, overall)
    else:
        sys.stdout.write(TEXTS[format_](boards, overall) + "\n")


@contextlib.contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Suspend the garbage collector while results are read.

    All that is read stays, and the collector would walk hundreds of thousands of objects again and again.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # so that they are not walked when Python ends either
        if was_on:
            gc.enable()


def print_boards(boards: Sequence[Board], overall: OverallRanking | None) -> None:
    """Print boards, then the ranking over all of them where there is one."""
    from ..board import rendering

    console = open_console()
    for board in boards:
        console.print(rendering.as_table(board, console.width))
    if overall is not None:
        console.print(rendering.ranking_table(overall))
