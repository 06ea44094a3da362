"""Write the sentences under a board, for all reports: how to read its numbers, and which cells did not finish."""

from __future__ import annotations

from collections.abc import Sequence

from ..scoring.measures import MEASURES
from .leaderboard import Board, Row
from .overall_ranking import OverallRanking

UNFINISHED = "No cell has finished yet."


def caption(board: Board, headings: Sequence[str]) -> str:
    """Return the caption of a board: what the numbers under these headings, their intervals and marks mean."""
    if board.reference_point is None:
        return UNFINISHED
    source = "true front" if board.closed_form else board.reference_source
    point = as_point(board.reference_point)
    shown = {name for name, measure in MEASURES.items() if measure.titled in headings}
    distances = " and ".join(MEASURES[name].heading for name in ("igd", "igd_plus") if name in shown)
    parts = [
        f"Objectives: error on the test split, minimised. HV at reference point {point}",
        "HV ratio to that of the true front" if "hypervolume_ratio" in shown else "",
        "norm. HV with each task's expert as 0 and the pre-trained model as 1, the worst that counts"
        if "normalised_hypervolume" in shown
        else "",
        f"{distances} to the {source} (reference {board.reference_digest})" if distances else "",
        "examples: gradients taken, those of the experts' fine-tuning + those of the fit"
        if "examples" in headings
        else "",
        "align.: does raising a task's weight improve it, 1 at best" if "alignment" in shown else "",
    ]
    return " ".join([f"{'; '.join(part for part in parts if part)}.", *reading_notes(board, tied="after a rank")])


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
    if any(row.tied_with_best for row in board.rows):
        notes.append(f"≈ {tied}: tied with the best, whose seeds cannot tell them apart.")
    if board.baseline is not None:
        notes.append(f"Δ HV: minus that of {board.baseline}, seed by seed.")
    if any(row.hypervolume_error is not None for row in board.rows):
        notes.append("≈ before an HV: an estimate, with the half width of its 95 % interval.")
    return notes


def reasons(board: Board) -> list[str]:
    """Return one line for each row and reason: the seeds that did not finish for this reason, and the reason."""
    return [f"{row.label}, {seeds}: {why}" for row in board.rows for seeds, why in row_reasons(row)]


def row_reasons(row: Row) -> list[tuple[str, str]]:
    """Return (`seeds 0, 3`, reason) for every reason for which seeds of the row did not finish."""
    return [
        (as_seeds([seed for seed, reason in row.unfinished.items() if reason == why]), why)
        for why in dict.fromkeys(row.unfinished.values())
    ]


def as_seeds(seeds: Sequence[int]) -> str:
    """Return `seed 0` or `seeds 0, 3`."""
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


def ranking_caption(overall: OverallRanking) -> str:
    """Return the caption of an overall ranking: what it ranks by, its critical difference, who is not ranked."""
    ranking = overall.ranking
    notes = [ranked_by(overall)]
    if ranking.enough_for_diagram and ranking.critical_difference is not None:
        notes.append(
            f"≈: tied with the best, within the critical difference of {ranking.critical_difference:.2f} "
            f"(Nemenyi, {100 * ranking.confidence:g} %)."
        )
    return " ".join([*notes, *left_out(overall)])


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
    return [f"Not ranked, since not finished on every board: {names}."] if names else []
