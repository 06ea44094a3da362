"""Write the sentences under a board, for all reports: how to read its numbers, and which cells did not finish."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...metrics.sample_noise import RESAMPLES
from ...metrics.statistics import FEWEST_VALUES
from ..scoring.measures import MEASURES
from .leaderboard import Board, Row
from .overall_ranking import OverallRanking
from .yardstick import NEIGHBOUR, Yardstick

OBJECTIVES = "Objectives: error on the test split, minimised."
UNFINISHED = "No cell has finished yet."
_MOST_NAMED = 5
_MISSING = "are not recorded, or cannot be read"


def caption(board: Board, headings: Sequence[str]) -> str:
    """Return the caption of a board: what the numbers under these headings, their intervals and marks mean."""
    if board.reference_point is None:
        return UNFINISHED
    return " ".join([OBJECTIVES, measured_to(board, headings), *reading_notes(board, tied="after a rank")])


def measured_to(board: Board, headings: Sequence[str]) -> str:
    """Return the sentence that says what the numbers under these headings are measured to; empty where there are none.

    Args:
        board: the board.
        headings: of the columns that are shown.
    """
    if board.reference_point is None:
        return ""
    source = "true front" if board.closed_form else board.reference_source
    point = as_point(board.reference_point)
    shown = {name for name, measure in MEASURES.items() if measure.titled in headings}
    distances = " and ".join(MEASURES[name].heading for name in ("igd", "igd_plus") if name in shown)
    parts = [
        f"HV at reference point {point}",
        "HV ratio to that of the true front" if "hypervolume_ratio" in shown else "",
        "norm. HV: 1 where an answer equals every task's expert, 0 where none beats the pre-trained model on all tasks"
        if "normalised_hypervolume" in shown
        else "",
        "compromise: share of HV that the best single answer alone reaches" if "compromise_share" in shown else "",
        f"{distances} to the {source} (reference {board.reference_digest})" if distances else "",
        "examples: gradients taken, those of the experts' fine-tuning + those of the fit; forward passes alone, "
        "as in searches, are not counted"
        if "examples" in headings
        else "",
        "align.: does a task improve when its weight is raised, 1 at best and 0 by chance"
        if "alignment" in shown
        else "",
    ]
    return f"{'; '.join(part for part in parts if part)}."


def as_point(point: Sequence[float]) -> str:
    """Return a point of objective space as `(1, 0.5)`."""
    return f"({', '.join(f'{value:g}' for value in point)})"


def reading_notes(board: Board, *, tied: str) -> list[str]:
    """Return the sentences that explain the board's intervals, marks and differences.

    Args:
        board: the board, whose rows decide which sentences are needed.
        tied: where the report puts the mark of a tie, such as "after a rank".
    """
    notes = []
    if any(len(row.seeds) > 1 for row in board.rows):
        notes.append(
            "Means over finished seeds, with 95 % intervals (Student's t) where there are three seeds or more."
        )
        # Objectives with a true front are computed, not measured on a sample.
        if any(len(row.seeds) >= FEWEST_VALUES for row in board.rows) and not board.closed_form:
            notes.append(_noise(board))
    if 0 < len(board.seeds) < FEWEST_VALUES and len(board.rows) > 1:
        notes.append(
            f"Ordered by mean HV over {as_seeds(board.seeds)}, without ranks: fewer than {FEWEST_VALUES} seeds rank "
            "nothing."
        )
    if any(row.seeds and not board.is_compared(row) for row in board.rows):
        notes.append(
            f"Rows that average other seeds than {as_seeds(board.seeds)} come after the others, without a rank."
        )
    if any(row.tied_with_best for row in board.rows):
        notes.append(f"≈ {tied}: tied with the best, whose seeds cannot tell them apart.")
    if board.neighbour is not None:
        notes.append(_neighbour(board, board.neighbour))
    if board.baseline is not None:
        notes.append(f"Δ HV: minus that of {board.baseline}, seed by seed.")
    if any(row.hypervolume_error is not None for row in board.rows):
        notes.append("≈ before an HV: an estimate, with the half width of its 95 % interval.")
    return notes


def _neighbour(board: Board, found: Yardstick) -> str:
    """Return what the yardstick is, and whether any row reaches it."""
    volume = MEASURES["hypervolume"].text(found.hypervolume)
    said = f"{NEIGHBOUR}: the label of the train example whose raw input is nearest, HV {volume}, without a rank"
    reached = any(row.metrics.get("hypervolume", -math.inf) >= found.hypervolume for row in board.rows)
    return f"{said}." if reached else f"{said}; no row's HV reaches it."


def _noise(board: Board) -> str:
    """Return what the intervals of a board hold: the noise of seeds, and that of the test sample where it is known."""
    several = [row for row in board.rows if len(row.seeds) >= FEWEST_VALUES]
    without = [row.label for row in several if not row.holds_sample_noise]
    if len(without) == len(several):
        return f"Intervals hold the noise of seeds only, not that of the test sample: errors by example {_MISSING}."
    named = ", ".join(without) if len(without) <= _MOST_NAMED else f"{len(without)} rows"
    but = f", but not of {named}, whose errors by example {_MISSING}" if without else ""
    return (
        f"Intervals of HV also hold the noise of the test sample, by {RESAMPLES} resamples of its examples{but}; all "
        "others hold that of seeds only."
    )


def reasons(board: Board) -> list[str]:
    """Return one line for each row and reason: seeds that did not finish, collapsed or lost a file, and the reason.

    A row that averages other seeds than those that rows are compared on has a line, too.
    """
    return [f"{row.label}{line}" for row in board.rows for line in _row_lines(board, row)]


def _row_lines(board: Board, row: Row) -> list[str]:
    other = other_seeds(board, row)
    return [
        *(f", {seeds}: {why}" for seeds, why in [*row_reasons(row), *row_warnings(row)]),
        *([f": {other}"] if other else []),
    ]


def other_seeds(board: Board, row: Row) -> str:
    """Return why a row with finished seeds is not compared with the others, or an empty text where it is."""
    if not row.seeds or board.is_compared(row):
        return ""
    return f"has {as_seeds(row.seeds)}, and others are compared on {as_seeds(board.seeds)}"


def row_warnings(row: Row) -> list[tuple[str, str]]:
    """Return (`seeds 0, 3`, text) for every sign of collapse, with what shows it, and every file that is damaged."""
    found: dict[str, dict[int, str]] = {}
    for seed, warnings in sorted(row.warnings.items()):
        for warning in warnings:
            found.setdefault(warning.kind, {})[seed] = warning.detail
    return [
        (as_seeds(list(details)), f"{kind} ({', '.join(_unless_equal(list(details.values())))})")
        for kind, details in found.items()
    ] + [
        (as_seeds([seed]), f"{why}; the interval of HV leaves out the noise of the test sample")
        for seed, why in row.unreadable.items()
    ]


def _unless_equal(details: list[str]) -> list[str]:
    """Return what is said of each seed, once where it is the same of all."""
    return details[:1] if len(set(details)) == 1 else details


def row_reasons(row: Row) -> list[tuple[str, str]]:
    """Return (`seeds 0, 3`, reason) for every reason for which seeds of the row did not finish."""
    return [
        (as_seeds([seed for seed, reason in row.unfinished.items() if reason == why]), why)
        for why in dict.fromkeys(row.unfinished.values())
    ]


def as_seeds(seeds: Sequence[int]) -> str:
    """Return `seed 0` or `seeds 0, 3`, ascending."""
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, sorted(seeds)))}"


def ranking_caption(overall: OverallRanking) -> str:
    """Return the caption of an overall ranking: what it ranks by, its critical difference, who is not ranked."""
    return " ".join(ranking_notes(overall))


def ranking_notes(overall: OverallRanking) -> list[str]:
    """Return the parts of the caption of an overall ranking, that which says what it ranks by first."""
    ranking = overall.ranking
    notes = [ranked_by(overall)]
    if ranking.enough_for_diagram and ranking.critical_difference is not None:
        notes.append(
            f"≈: tied with the best, within the critical difference of {ranking.critical_difference:.2f} "
            f"(Nemenyi, {100 * ranking.confidence:g} %)."
        )
    return [*notes, *left_out(overall)]


def ranked_by(overall: OverallRanking) -> str:
    """Return what learners are ranked by, with the test of whether any ranks differ."""
    ranking = overall.ranking
    measure = MEASURES[overall.measure].heading
    notes = [f"Average rank by mean {measure} over {len(overall.boards)} boards, 1 is best."]
    if ranking.friedman_p is not None:
        notes.append(f"Friedman's test: p = {ranking.friedman_p:.2g}.")
    if not ranking.enough_for_diagram:
        notes.append("Too few boards or learners to say which ranks differ.")
    return " ".join(notes)


def left_out(overall: OverallRanking) -> list[str]:
    """Return a list with the sentence that names the learners without a rank; empty where all have one."""
    names = ", ".join(overall.left_out)
    return [f"Not ranked, since of other seeds or not finished on every board: {names}."] if names else []
