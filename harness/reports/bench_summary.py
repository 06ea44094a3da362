"""Write a finished bench's leaderboard, metrics and plots to its MLflow parent run."""

from __future__ import annotations

import dataclasses
import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ...errors import StoreError
from ...os_errors import because
from ..board.leaderboard import Board, leaderboards
from ..board.learner_names import labels
from ..board.markdown import escape_markdown
from ..board.overall_ranking import OverallRanking, overall_ranking
from ..board.raw_boards import as_csv
from ..board.rendering import as_markdown
from ..cells.cell import digest
from ..records.mlflow_tags import NOTE, SUMMARISED
from ..records.status import Status
from ..records.store import Store
from ..running.bench import BenchRun
from ..running.settled_cell import SettledCell
from ..scoring.measures import MEASURES
from ..scoring.scored_cells import load_groups
from .board_pictures import BoardPictures, file_name
from .drawing import DrawingProcess, why_not_drawn
from .published_scores import publish_reference_scores

NOTE_LENGTH = 7500
"""Largest number of characters of a note; MLflow cuts tags at 8,000."""
_PER_LEARNER = ("hypervolume", "igd_plus")
"""Measures whose means are logged for every learner."""


def summarise(store: Store, run: BenchRun, drawing: DrawingProcess) -> list[str]:
    """Log the scores of all fronts against the newest references, and write the summary of a bench to its runs.

    A run whose summary already shows the same cells and references is left as it is.

    Args:
        store: the store that the bench's cells are recorded in.
        run: the bench.
        drawing: the process that draws its pictures.

    Returns:
        One sentence for each suite with a picture that could not be drawn, or files that could not be copied.

    Raises:
        StoreError: the store or a temporary file cannot be written.
    """
    groups = load_groups(store)
    publish_reference_scores(store, groups)
    boards = leaderboards(store, among=[one.cell for one in run.settled], groups=groups)
    overall = overall_ranking(boards)
    notes: list[str] = []
    for suite, parent in run.parents.items():
        mine = [one for one in run.settled if one.cell.suite == suite]
        boards_of_suite = [board for board in boards if board.suite == suite]
        notes += _summarise(store, parent, boards_of_suite, overall, mine, drawing)
    return notes


def _summarise(
    store: Store,
    parent: str,
    boards: Sequence[Board],
    overall: OverallRanking | None,
    settled: Sequence[SettledCell],
    drawing: DrawingProcess,
) -> list[str]:
    """Write the summary of a bench on one suite to its run, unless that has the same one; return what went wrong."""
    shown = [
        [board.reference_digest, [[row.label, row.run_ids, list(row.unfinished.items())] for row in board.rows]]
        for board in boards
    ]
    ranked = None if overall is None else [overall.ranking.names, list(map(float, overall.ranking.average_ranks))]
    told = note(boards)
    summarised = digest([shown, ranked, told])
    if store.tags(parent).get(SUMMARISED) == summarised:
        return []
    try:
        with tempfile.TemporaryDirectory() as folder:
            notes = _write(store, boards, overall, Path(folder), drawing)
            notes += _copy(store, parent, Path(folder))
    except OSError as error:
        raise StoreError(f"the summary of a bench cannot be written {because(error)}") from error
    counts = Counter(one.ending.status for one in settled)
    n_finished, n_unsupported = counts[Status.FINISHED], counts[Status.UNSUPPORTED]
    seeds = sorted({one.cell.seed for one in settled})
    store.log(
        parent,
        params={"suite": settled[0].cell.suite, "seeds": ", ".join(map(str, seeds))},
        metrics={
            "cells": len(settled),
            "cells_finished": n_finished,
            "cells_unsupported": n_unsupported,
            "cells_unfinished": len(settled) - n_finished - n_unsupported,
            **_numbers(boards),
        },
        # Not marked as summarised where a picture failed, so that the same command tries it again.
        tags={NOTE: told, **({} if notes else {SUMMARISED: summarised})},
    )
    return notes


def _copy(store: Store, parent: str, folder: Path) -> list[str]:
    """Copy the files of a summary to the run's; return why that failed where no file could be written."""
    try:
        store.add_artifacts(parent, folder)
    except StoreError as error:
        if not isinstance(error.__cause__, OSError):  # else the database cannot be used
            raise
        return [
            f"the tables and pictures of the bench's summary are missing, since {error}; results are recorded, and the "
            "same command tries again"
        ]
    return []


def note(boards: Sequence[Board]) -> str:
    """Return the boards in Markdown, with as many rows of each as fit into the description of a run."""
    ending = (
        "\n\nEvery row, and the pictures beside it, are under *Artifacts*. `frontrunner leaderboard --format html` "
        "makes a page of everything in the store."
    )
    most = max((len(board.rows) for board in boards), default=0)
    for kept in range(most, -1, -1):
        parts = []
        for board in boards:
            cut = dataclasses.replace(board, rows=board.rows[:kept])
            left_out = len(board.rows) - len(cut.rows)
            more = f"\n\n{left_out} more rows are in `leaderboard.md`." if left_out else ""
            parts.append(f"{_in_a_sentence(board)}\n\n{as_markdown([cut])}{more}")
        text = "\n\n".join(parts) + ending
        if len(text) <= NOTE_LENGTH:
            return text
    return f"{len(boards)} boards, which are in `leaderboard.md`.{ending}"


def _in_a_sentence(board: Board) -> str:
    """Return a board in one sentence, the part of a long description that MLflow's UI shows folded."""
    finished = sum(len(row.seeds) for row in board.rows)
    cells = f"{finished} of {finished + sum(len(row.unfinished) for row in board.rows)} cells finished"
    if not finished:
        return f"{cells}."
    best = board.rows[0]
    tied = sum(row.tied_with_best for row in board.rows)
    beside = f", tied with {tied} other{'s' if tied > 1 else ''}" if tied else ""
    mean = MEASURES["hypervolume"].text(best.metrics["hypervolume"])
    return f"Best hypervolume: **{escape_markdown(best.label)}** with {mean}{beside}; {cells}."


def _numbers(boards: Sequence[Board]) -> dict[str, float]:
    """Return the best hypervolume and every learner's means as MLflow metrics; its UI groups them by first part."""
    found: dict[str, float] = {}
    names = labels(boards)
    for board in boards:
        where = "" if len(boards) == 1 else f" ({file_name(board)})"
        finished = [row for row in board.rows if row.seeds]
        if finished:
            found[f"best_hypervolume{_allowed(where)}"] = finished[0].intervals["hypervolume"].mean
        for row in finished:
            for measure in _PER_LEARNER:
                if measure in row.intervals:
                    name = f"{measure}/{_allowed(names[row.key] + where)}"
                    if name in found:  # two labels differ only in characters that MLflow does not allow
                        name = f"{name} {row.key[:4]}"
                    found[name] = row.intervals[measure].mean
    return found


def _allowed(label: str) -> str:
    """Return a label with the characters (such as brackets) removed that MLflow refuses in a metric's name."""
    plain = re.sub(r"[^\w\-. ]+", " ", label)
    return re.sub(r" +", " ", plain)[:200].rstrip(" .").lstrip(".") if label else ""


def _write(
    store: Store, boards: Sequence[Board], overall: OverallRanking | None, folder: Path, drawing: DrawingProcess
) -> list[str]:
    """Write the boards as Markdown and CSV, and their pictures, to a folder; return why a picture is missing."""
    (folder / "leaderboard.md").write_text(as_markdown(boards) + "\n", encoding="utf-8")
    (folder / "leaderboard.csv").write_text(as_csv(boards) + "\n", encoding="utf-8")
    shown = [pictures for board in boards if (pictures := BoardPictures.of(board, store)) is not None]
    drawn = [drawing.submit(pictures.draw, folder) for pictures in shown]
    if overall is not None and overall.ranking.enough_for_diagram:
        drawn.append(drawing.submit(_draw_ranks, overall, folder))
    what = "the pictures of the bench's summary"
    return list(dict.fromkeys(note for future in drawn if (note := why_not_drawn(what, future))))


def _draw_ranks(overall: OverallRanking, folder: Path) -> None:
    from .pictures.rank_png import rank_png

    rank_png(overall.ranking, folder / "ranks.png", title="Average rank by hypervolume over the bench's boards")
