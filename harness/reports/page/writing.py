"""Puts the page together: the document, its style and scripts, plotly, and packed data for every board."""

from __future__ import annotations

import datetime
import html
import importlib.metadata
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from ....errors import ConfigError
from ....whole_file import replacing
from ...board.leaderboard import Board, labels
from ...board.overall_ranking import OverallRanking
from ...records.store import Store
from ...scoring.measures import INDICATOR_MEASURES, MEASURES
from ..pictures.front_picture import COLOURS, MARKERS
from .board_content import board_content
from .front_content import all_fronts, shown_seeds
from .packing import in_script, packed, short

SCRIPTS = (
    "element.js",
    "numbers.js",
    "data.js",
    "theme.js",
    "state.js",
    "plots.js",
    "columns.js",
    "details.js",
    "table.js",
    "methods.js",
    "points.js",
    "space.js",
    "front_traces.js",
    "fronts.js",
    "picker.js",
    "costs.js",
    "progress.js",
    "routing.js",
    "ranking.js",
    "page.js",
)
"""In the order they need each other; all of them share one scope."""


def write_page(
    boards: Sequence[Board],
    store: Store,
    file: Path,
    *,
    standings: OverallRanking | None = None,
    mlflow: str = "http://127.0.0.1:5000",
    title: str = "Frontrunner leaderboard",
) -> None:
    """Write one self-contained HTML file that shows the boards; all objectives are minimised.

    Args:
        boards: as `leaderboards` gives them.
        store: where their runs are recorded.
        file: to write, replaced only by a whole page.
        standings: average ranks over the boards, where there are any.
        mlflow: address that links to runs start with; readers can change it on the page.
        title: of the page.

    Raises:
        ConfigError: the file cannot be written.
    """
    names = labels(boards)
    kept = shown_seeds(boards)
    index = {
        "title": title,
        "version": importlib.metadata.version("frontrunner"),
        "generated": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "mlflow": mlflow,
        "keptSeeds": kept,
        "names": names,
        "colours": COLOURS,
        "markers": [flat for _, flat, _ in MARKERS],
        "measures": _measures(),
        "boards": [
            {
                "name": board.name,
                "suite": board.suite,
                "learners": len(board.rows),
                "runs": sum(len(row.results) for row in board.rows),
            }
            for board in boards
        ],
        "standings": None if standings is None else _standings(standings),
    }
    fronts = all_fronts(store, boards, kept)
    contents = [packed(in_script(board_content(board, kept, fronts))) for board in boards]
    text = _page(title, index, contents)
    try:
        with replacing(file) as partial:
            partial.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}") from error


def _page(title: str, index: dict[str, Any], contents: Sequence[str]) -> str:
    """The whole document; what is filled in is never looked at for further places to fill."""
    from plotly.offline import get_plotlyjs

    data = [
        f'<script type="application/json" id="index">{in_script(index)}</script>',
        *(f'<script type="text/plain" id="board-{i}">{content}</script>' for i, content in enumerate(contents)),
        f'<script type="text/plain" id="plotly">{packed(get_plotlyjs())}</script>',
    ]
    scripts = "\n".join(_source(name) for name in SCRIPTS)
    filled = {
        "<!--title-->": html.escape(title),
        "<!--style-->": f"<style>\n{_source('page.css')}</style>",
        "<!--data-->": "\n".join(data),
        "<!--scripts-->": f'<script>\n(() => {{\n"use strict";\n{scripts}}})();\n</script>',
    }
    parts = []
    rest = _source("page.html")
    for mark, content in filled.items():  # in the order in which the document has them
        before, _, rest = rest.partition(mark)
        parts += [before, content]
    return "".join([*parts, rest])


def _source(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _measures() -> list[dict[str, Any]]:
    return [
        {
            "name": measure.name,
            "heading": measure.heading,
            "unit": measure.unit,
            "maximize": measure.maximize,
            "about": measure.about,
            "group": "quality" if measure.name in INDICATOR_MEASURES else "cost",
        }
        for measure in MEASURES.values()
    ]


def _standings(standings: OverallRanking) -> dict[str, Any]:
    ranking = standings.ranking
    return {
        "measure": standings.measure,
        "names": list(ranking.names),
        "ranks": [short(rank) for rank in ranking.average_ranks],
        "criticalDifference": short(ranking.critical_difference),
        "friedmanP": short(ranking.friedman_p),
        "cliques": [list(clique) for clique in ranking.cliques],
        "tied": list(ranking.tied_with_best),
        "enough": ranking.enough_for_diagram,
        "boards": list(standings.boards),
        "leftOut": list(standings.left_out),
    }
