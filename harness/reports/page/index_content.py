"""The page's data beside its boards: learners, measures, words and the ranking over boards, as JSON values."""

from __future__ import annotations

import datetime
import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import Any

from ...board.budget_curves import budget_curves, compared_budgets
from ...board.columns import MISSING
from ...board.leaderboard import Board
from ...board.learner_names import labels
from ...board.notes import left_out, ranked_by
from ...board.overall_ranking import OverallRanking
from ...scoring.measures import INDICATOR_MEASURES, MEASURES, Measure
from ..pictures.front_picture import CAMERA, DOMINATED, MOST_LINES, REFERENCE, quantity_words
from ..pictures.looks import ON_DARK, Look, looks_of
from .budget_content import curve_key


def index_content(
    boards: Sequence[Board], overall: OverallRanking | None, *, title: str, mlflow: str, kept: int | None
) -> dict[str, Any]:
    """Return what the page must know before any board is unpacked.

    Args:
        boards: all boards that the page shows.
        overall: the average ranks over the boards; None where there are none.
        title: the page's heading.
        mlflow: the address that links to runs start with.
        kept: number of seeds of every learner whose fronts are shown; all when None.
    """
    names = labels(boards)
    looks = looks_of(names.values())
    return {
        "title": title,
        "version": importlib.metadata.version("frontrunner"),
        "generated": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "mlflow": mlflow,
        "keptSeeds": kept,
        "learners": {key: _learner(name, looks[name]) for key, name in names.items()},
        "curves": _curves(boards),
        "onDark": ON_DARK,
        "camera": CAMERA,
        "mostLines": MOST_LINES,
        "measures": [_measure(measure) for measure in MEASURES.values()],
        "missing": MISSING,
        "dominated": DOMINATED,
        "referencePoint": REFERENCE,
        "quantities": {
            "error": _quantity(*quantity_words(as_accuracy=False)),
            "accuracy": _quantity(*quantity_words(as_accuracy=True)),
        },
        "boards": [{"name": board.name, "runs": sum(len(row.results) for row in board.rows)} for board in boards],
        "overall": None if overall is None else ranking_content(overall, names),
    }


def _learner(name: str, look: Look) -> dict[str, str]:
    return {
        "name": name,
        "colour": look.colour,
        "marker": look.marker.plotly,
        "markerInSpace": look.marker.in_space,
    }


def _curves(boards: Sequence[Board]) -> dict[str, dict[str, str]]:
    """Return the looks of learners at all their budgets, by the key of their curve: those of the name without any."""
    shown = (curves for board in boards if compared_budgets(curves := budget_curves(board)))
    names = {curve.label for curves in shown for curve in curves}
    looks = looks_of(sorted(names))
    return {curve_key(name): _learner(name, looks[name]) for name in sorted(names)}


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        "name": measure.name,
        "heading": measure.heading,
        "axis": f"{measure.heading} (bytes)" if measure.unit == "bytes" else measure.titled,
        "arrow": measure.titled.removeprefix(measure.heading).strip(),
        "unit": measure.unit,
        "better": ("higher" if measure.maximize else "lower") if measure.directed else "neither",
        "about": measure.about,
        "group": "quality" if measure.name in INDICATOR_MEASURES else "cost",
    }


def _quantity(unit: str, better: str) -> dict[str, str]:
    return {"unit": unit, "better": better}


def ranking_content(overall: OverallRanking, names: Mapping[str, str]) -> dict[str, Any]:
    """Return the table of average ranks, with bars that join learners the boards cannot tell apart.

    Args:
        overall: the average ranks over the boards of the page.
        names: a learner's key -> its name.
    """
    ranking = overall.ranking
    keys = {name: key for key, name in names.items()}
    shown = ranking.critical_difference if ranking.enough_for_diagram else None
    tied = len(ranking.tied_with_best) - 1
    notes = [ranked_by(overall)]
    if shown is not None:
        notes.append(
            f"Learners joined by a bar differ by less than the critical difference (Nemenyi, "
            f"{100 * ranking.confidence:g} %)."
        )
        if tied:
            notes.append(f"{tied} learner{'s' if tied > 1 else ''} cannot be told apart from the best.")
    return {
        "about": " ".join(notes),
        "learners": [
            {"key": keys.get(name), "name": name, "rank": round(rank, 4), "text": f"{rank:.2f}"}
            for name, rank in zip(ranking.names, ranking.average_ranks, strict=True)
        ],
        "difference": None if shown is None else {"rank": round(shown, 4), "text": f"{shown:.2f}"},
        "bars": [] if shown is None else _bars([tuple(map(ranking.names.index, clique)) for clique in ranking.cliques]),
        "leftOut": " ".join(left_out(overall)),
    }


def _bars(cliques: Sequence[tuple[int, ...]]) -> list[tuple[int, int, int]]:
    """Return (first, last, column) of every clique, a run of neighbours; overlapping ones stand side by side."""
    ends: list[int] = []
    bars = []
    for clique in cliques:
        column = next((i for i, end in enumerate(ends) if end < clique[0]), len(ends))
        ends[column : column + 1] = [clique[-1]]
        bars.append((clique[0], clique[-1], column))
    return bars
