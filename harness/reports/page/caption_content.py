"""The captions of the page, in the words of the other reports."""

from __future__ import annotations

from typing import Any

from ...board.columns import MISSING
from ...board.leaderboard import Board
from ...board.notes import UNFINISHED, as_point, reading_notes


def caption_content(board: Board) -> dict[str, Any]:
    """Return what the board's numbers are measured to (term, text), and a paragraph on how to read them."""
    first = next((result for row in board.rows for result in row.results.values()), None)
    if board.reference_point is None or first is None:
        return {"entries": [], "notes": UNFINISHED}
    cell = first.attempt.cell
    entries = [
        ("Objectives", f"error on the {cell.split} split of {board.suite} v{cell.suite_state}, minimised"),
        ("Reference point", as_point(board.reference_point)),
        ("Reference front", f"{board.reference_source} ({board.reference_digest})"),
        ("Preferences", f"grid of {cell.n_preferences}{f' in {cell.layers}' if cell.layers else ''}"),
    ]
    if board.baseline is not None:
        entries.append(("Baseline", board.baseline))
    notes = reading_notes(board, tied="beside a name")
    if any(row.unfinished for row in board.rows):
        notes.append("Seeds that did not finish are named with their reason and are in no mean.")
    notes.append(f"{MISSING}: not measured. Arrows point to better.")
    return {"entries": entries, "notes": " ".join(notes)}
