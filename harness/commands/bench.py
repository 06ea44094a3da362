"""`frontrunner bench`: every cell of a file, then the leaderboard of its suites."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..records.database_lock import say_on_standard_error
from .cell_options import CellOptions, with_cell_options
from .console import open_console, place_of, program, say, store_option, store_to_read

if TYPE_CHECKING:
    from ..board.leaderboard import Board
    from ..cells.bench_file import BenchSpec
    from ..published.study import PublishedStudy
    from ..published.writing import PublishedResults
    from ..records.store import Store
    from ..reports.publish import BenchResult
    from ..running.settled_cell import SettledCell


@with_cell_options(again=True)
def bench(
    file: Annotated[Path, typer.Argument(help="A YAML file of a bench, such as studies/quickstart.yaml.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Also write the leaderboard, to a .md, .csv, .json, .tex or .html file."),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option(
            help="Run the study on this suite, by name or file, in the place of the file's: with its tasks and budget, "
            "in a title that says so. Published rows then stand apart."
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="Optimizer steps of every training, in the place of the file's and the suite's."),
    ] = None,
    *,
    cells: CellOptions,
) -> None:
    """Run every learner, suite and seed of a file, then print the leaderboard; finished cells are not repeated."""
    from .early_answer import check_bench_without_torch

    if output is not None:
        from ..reports.report import check_report

        check_report(output)
    if not cells.plugins and suite is None:
        check_bench_without_torch(file)
    from ...yaml_file import checked_content
    from ..cells.bench_file import read_bench
    from ..cells.suite_files import with_suite_files
    from ..published.planned_study import planned_study
    from .verdict import require_recorded, require_settled

    spec = read_bench(file)
    with checked_content(file):
        found = with_suite_files(spec, file.parent)
        study = planned_study(found, file.parent)
    if suite is not None or steps is not None:  # what is wrong with these is no mistake of the file's
        study = planned_study(found, file.parent, suite=suite, steps=steps)
    result = run_cells(study.run, cells, file)
    require_recorded(result.settled)  # else the board would be read from a server that is away
    asked = "".join(f" --{name} {value}" for name, value in (("suite", suite), ("steps", steps)) if value is not None)
    boards = _show(study, result, cells.store, output, made_by=f"frontrunner bench {file}{asked} --output {output}")
    _print_next_steps(result.settled, boards, cells.store)
    require_settled(result.settled)


def _show(
    study: PublishedStudy, result: BenchResult, store: str | None, output: Path | None, *, made_by: str
) -> Sequence[Board]:
    """Print and write the boards of a bench, and its tables and figures beside published ones; return the boards.

    They hold the bench's own cells alone; reference fronts are those of all cells in the store.
    """
    from ..board.leaderboard import leaderboards
    from ..board.overall_ranking import overall_ranking
    from ..published.recording import record_published
    from ..reports.report import write_report
    from ..scoring.scored_cells import load_groups
    from .leaderboard import print_boards

    opened = store_to_read(store)
    scored = load_groups(opened)
    boards = leaderboards(opened, among=[one.cell for one in result.settled], groups=scored)
    overall = overall_ranking(boards)
    print_boards(boards, overall)
    published = record_published(study, result, opened, scored)
    _print_published(published, result, opened)
    if output is not None:
        further = None if published is None else published.by_format()
        write_report(output, boards, overall, opened, title=study.run.name, made_by=made_by, further=further)
        say(f"wrote {output}")
    return boards


def run_cells(
    spec: BenchSpec, cells: CellOptions, file: Path | None = None, *, refuse_misfits: bool = False
) -> BenchResult:
    """Run every cell of a bench that is not settled yet, with a display, and return how each of them ended.

    Args:
        spec: the bench; tuned learners are looked up in the store.
        cells: where to run them and where to record them; the store is created when it is not there yet.
        file: the file that the bench was read from, which errors of its content name.
        refuse_misfits: whether a learner that cannot be fitted on a suite is an error, and not recorded, as where one
            cell is run.

    Raises:
        ConfigError, UnknownNameError: the bench or the device is wrong; no store has been created then.
        CellError: a misfit is refused; neither has one been created then.
        StoreError: the store cannot be used.
    """
    from ...yaml_file import checked_content
    from ..records.open_store import is_there, own_folder
    from ..records.tuned import find_tuned_learners
    from ..reports.publish import run_and_publish_bench
    from ..running.divided_fits import require_divisible
    from .executor_options import make_executor, store_for
    from .left_behind import record_and_say
    from .shown_progress import shown_progress
    from .verdict import require_no_misfit

    place = place_of(cells.store)
    executor = make_executor(cells.executor, cells.device, cells.limits, own_folder(place))
    with contextlib.closing(executor):
        executor.require_ready()
        with checked_content(file):
            if any(learner.tuned for learner in spec.learners):
                spec = find_tuned_learners(spec, store_to_read(cells.store) if is_there(place) else None)
            found = spec.cells()  # checked before there is a store
            require_divisible(found, cells.executor.devices_per_cell)
        if refuse_misfits:
            require_no_misfit(found)
        store = store_for(executor, place, len(found))
        record_and_say(store)
        command = "run" if refuse_misfits else "bench"
        console, log = open_console(), cells.log
        shown = shown_progress(
            own_folder(place), command=command, name=spec.name, n_cells=len(found), console=console, log=log
        )
        with shown as listener:
            result = run_and_publish_bench(
                spec,
                store,
                executor=executor,
                plugins=[str(Path(plugin).resolve()) for plugin in cells.plugins],
                listener=listener,
                again=cells.again,
                limits=cells.limits,
            )
    for note in result.notes:
        say_on_standard_error(note)
    return result


def _print_published(published: PublishedResults | None, result: BenchResult, store: Store) -> None:
    """Print the tables that stand beside published ones, and say where they and the figures are."""
    if published is None:
        return
    from ..published.recording import where_published

    if published.tables:
        say(f"\n{published.markdown()}")
    written = "\n".join(f"  {folder}" for folder in where_published(result, store))
    say(f"\nTables and figures are in\n{written}")


def _print_next_steps(settled_cells: Sequence[SettledCell], boards: Sequence[Board], store: str | None) -> None:
    """Say how the bench ended, and propose the commands that show more."""
    from .verdict import summary

    option = store_option(store)
    front = _first_front(boards)
    proposed = {
        **({} if front is None else {f"front {front[0][:8]}{option}": f"the front of a run, here {front[1]}"}),
        f"leaderboard --format html{option}": "everything on one page",
        f"ui{option}": "every run, curve and plot in MLflow",
    }
    widest = max(map(len, proposed))
    say(
        f"\n{summary(settled_cells)}.\nRecorded in {place_of(store)}. Look next:\n"
        + "\n".join(f"  {program()} {command:{widest}}    {what}" for command, what in proposed.items())
    )


def _first_front(boards: Sequence[Board]) -> tuple[str, str] | None:
    """Return the run of the first front on the boards, and which one it is; None where no cell has finished."""
    for board in boards:
        for row in board.rows:
            if row.run_ids:
                return row.run_ids[0], "the best" if len(boards) == 1 else f"the best on {board.name}"
    return None
