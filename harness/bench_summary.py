"""What a bench's run on a suite is given at the end: its leaderboard in words, numbers and pictures."""

from __future__ import annotations

import dataclasses
import re
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..errors import StoreError
from ..metrics import Front
from .board.leaderboard import Board, labels, leaderboards
from .board.measures import MEASURES
from .board.raw_boards import as_csv
from .board.rendering import as_markdown
from .board.results import load_groups, record_indicators
from .board.standings import Standings, standings
from .cell import digest
from .cell_run import Outcome
from .markdown import escape_markdown
from .pictures.cost_png import cost_png
from .pictures.front_html import front_html
from .pictures.front_png import front_png
from .pictures.progress_png import progress_png
from .pictures.rank_png import rank_png
from .run_tags import NOTE, PREFIX
from .store import Store

RECORDED = f"{PREFIX}recorded"
NOTE_LENGTH = 7500
"""Characters; MLflow cuts tags at 8,000."""
_PER_LEARNER = ("hypervolume", "igd_plus")


def summarise(store: Store, parents: Mapping[str, str], outcomes: Sequence[Outcome]) -> None:
    """Score all fronts against the newest references, summarise a bench on its runs and end them.

    A bench whose cells and references are those of its last summary is left as it is.

    Args:
        store: where its cells are recorded.
        parents: suite -> the bench's run.
        outcomes: of all of its cells.
    """
    record_indicators(store, load_groups(store))
    boards = leaderboards(store, among={outcome.cell.key for outcome in outcomes})
    overall = standings(boards)
    for suite, parent in parents.items():
        mine = [outcome for outcome in outcomes if outcome.cell.suite == suite]
        _summarise(store, parent, [board for board in boards if board.suite == suite], overall, mine)
        settled = all(outcome.ending.settled for outcome in mine)
        store.end(parent, "finished" if settled else "failed")


def _summarise(
    store: Store, parent: str, boards: Sequence[Board], overall: Standings | None, outcomes: Sequence[Outcome]
) -> None:
    shown = [
        [board.reference_digest, [[row.label, row.run_ids, list(row.unfinished.items())] for row in board.rows]]
        for board in boards
    ]
    ranked = None if overall is None else [overall.ranking.names, list(map(float, overall.ranking.average_ranks))]
    recorded = digest([shown, ranked])
    if store.tags(parent).get(RECORDED) == recorded:
        return
    try:
        with tempfile.TemporaryDirectory() as folder:
            _write(boards, overall, Path(folder))
            store.add_artifacts(parent, Path(folder))
    except OSError as error:
        raise StoreError(f"the summary of a bench cannot be written ({error}); free some space") from error
    counts = Counter(outcome.ending.status for outcome in outcomes)
    seeds = sorted({outcome.cell.seed for outcome in outcomes})
    store.log(
        parent,
        params={"suite": outcomes[0].cell.suite, "seeds": ", ".join(map(str, seeds))},
        metrics={
            "cells": len(outcomes),
            "cells_finished": counts["finished"],
            "cells_unsupported": counts["unsupported"],
            "cells_unfinished": len(outcomes) - counts["finished"] - counts["unsupported"],
            **_numbers(boards),
        },
        tags={NOTE: note(boards), RECORDED: recorded},
    )


def note(boards: Sequence[Board]) -> str:
    """The boards in Markdown, as many rows of each as fit into a run's description."""
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
    """What the UI shows of a long description before it is unfolded."""
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
    """The best hypervolume, and every learner's means; MLflow shows names with one beginning together."""
    found: dict[str, float] = {}
    names = labels(boards)
    for board in boards:
        where = "" if len(boards) == 1 else f" ({_file_name(board)})"
        finished = [row for row in board.rows if row.seeds]
        if finished:
            found[f"best_hypervolume{_allowed(where)}"] = finished[0].intervals["hypervolume"].mean
        for row in finished:
            for measure in _PER_LEARNER:
                if measure in row.intervals:
                    name = f"{measure}/{_allowed(names[row.key] + where)}"
                    if name in found:  # two labels that differ in what MLflow does not allow
                        name = f"{name} {row.key[:4]}"
                    found[name] = row.intervals[measure].mean
    return found


def _allowed(label: str) -> str:
    """What MLflow takes as the last part of a metric's name; brackets it does not."""
    plain = re.sub(r"[^\w\-. ]+", " ", label)
    return re.sub(r" +", " ", plain)[:200].rstrip(" .").lstrip(".") if label else ""


def _file_name(board: Board) -> str:
    """Tells a suite's boards apart."""
    return f"{'-'.join(board.tasks)}-{_points_per_edge(board)}"


def _points_per_edge(board: Board) -> int | str:
    results = [result for row in board.rows for result in row.results.values()]
    return results[0].attempt.cell.points_per_edge if results else "none"


def _write(boards: Sequence[Board], overall: Standings | None, folder: Path) -> None:
    (folder / "leaderboard.md").write_text(as_markdown(boards) + "\n", encoding="utf-8")
    (folder / "leaderboard.csv").write_text(as_csv(boards) + "\n", encoding="utf-8")
    for board in boards:
        if any(row.seeds for row in board.rows):
            _draw(board, folder)
    if overall is not None and overall.ranking.enough_for_diagram:
        rank_png(overall.ranking, folder / "ranks.png", title="Average rank by hypervolume over the bench's boards")


def _draw(board: Board, folder: Path) -> None:
    name, names = _file_name(board), labels([board])
    cost_png(board, folder / f"cost-{name}.png", title=f"Quality against cost: {board.name}")
    probed = {
        names[row.key]: curves
        for row in board.rows
        if (curves := [np.array(c).T for r in row.results.values() if (c := r.attempt.quality_over_time())])
    }
    if probed:
        progress_png(probed, folder / f"progress-{name}.png", title=f"Quality over time: {board.name}")
    seed = min(seed for row in board.rows for seed in row.seeds)
    fronts: dict[str, Front] = {
        names[row.key]: row.results[seed].record.front() for row in board.rows if seed in row.results
    }
    for draw, ending in ((front_png, "png"), (front_html, "html")):
        draw(
            fronts,
            board.tasks,
            folder / f"fronts-{name}.{ending}",
            title=f"{board.suite}: {', '.join(board.tasks)} (seed {seed})",
            reference_point=board.reference_point,
        )
