"""What stands under a board: how to read its numbers, and what did not finish."""

from __future__ import annotations

from collections.abc import Sequence

from ..scoring.measures import MEASURES
from .leaderboard import Board
from .overall_ranking import OverallRanking


def caption(board: Board, headings: Sequence[str]) -> str:
    """What the numbers under these headings are measured to, and what their intervals and marks mean."""
    if board.reference_point is None:
        return "No cell has finished yet."
    source = "true front" if board.closed_form else board.reference_source
    point = ", ".join(f"{value:g}" for value in board.reference_point)
    shown = {name for name, measure in MEASURES.items() if measure.titled in headings}
    distances = " and ".join(MEASURES[name].heading for name in ("igd", "igd_plus") if name in shown)
    parts = [
        f"Objectives: error on the test split, minimised. HV at reference point ({point})",
        "HV ratio to that of the true front" if "hypervolume_ratio" in shown else "",
        "norm. HV with each task's expert as 0 and the pre-trained model as 1, the worst that counts"
        if "normalised_hypervolume" in shown
        else "",
        f"{distances} to the {source} (reference {board.reference_digest})" if distances else "",
        "align.: does raising a task's weight improve it, 1 at best" if "alignment" in shown else "",
    ]
    notes = [f"{'; '.join(part for part in parts if part)}."]
    if any(len(row.seeds) > 1 for row in board.rows):
        notes.append(
            "Means over finished seeds, with 95 % intervals (Student's t) where there are three seeds or more."
        )
    if any(row.tied_with_best for row in board.rows):
        notes.append("≈ after a rank: tied with the best, whose seeds cannot tell them apart.")
    if board.baseline is not None:
        notes.append(f"Δ HV: minus that of {board.baseline}, seed by seed.")
    if any(row.hypervolume_error is not None for row in board.rows):
        notes.append("≈ before an HV: an estimate, with the half width of its 95 % interval.")
    return " ".join(notes)


def reasons(board: Board) -> list[str]:
    """One line for the seeds of a row that did not finish for the same reason."""
    lines = []
    for row in board.rows:
        for why in dict.fromkeys(row.unfinished.values()):
            seeds = [str(seed) for seed, reason in row.unfinished.items() if reason == why]
            lines.append(f"{row.label}, seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}: {why}")
    return lines


def standings_caption(standings: OverallRanking) -> str:
    """What is ranked, and how much a difference of ranks must be."""
    ranking = standings.ranking
    measure = MEASURES[standings.measure].heading
    notes = [f"Average rank by mean {measure} over {len(standings.boards)} boards, 1 is best."]
    if ranking.friedman_p is not None:
        notes.append(f"Friedman's test: p = {ranking.friedman_p:.2g}.")
    if not ranking.enough_for_diagram:
        notes.append("Too few boards or learners to say which ranks differ.")
    elif ranking.critical_difference is not None:
        notes.append(
            f"≈: tied with the best, within the critical difference of {ranking.critical_difference:.2f} "
            f"(Nemenyi, {100 * ranking.confidence:g} %)."
        )
    if standings.left_out:
        notes.append(f"Not ranked, since not finished on every board: {', '.join(standings.left_out)}.")
    return " ".join(notes)
