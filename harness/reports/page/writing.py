"""Put the page together from the document, its style and scripts, plotly, and the packed data of every board."""

from __future__ import annotations

import html
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from ....whole_file import replacing
from ...board.leaderboard import Board
from ...board.overall_ranking import OverallRanking
from ...records.store import Store
from ..written_file import writing
from .board_content import board_content
from .front_content import all_fronts, shown_seeds
from .index_content import index_content
from .packing import in_script, packed

SCRIPTS = (
    "element.js",
    "data.js",
    "numbers.js",
    "theme.js",
    "state.js",
    "plots.js",
    "columns.js",
    "details.js",
    "table.js",
    "methods.js",
    "points.js",
    "space.js",
    "limits.js",
    "front_traces.js",
    "heat_maps.js",
    "by_weight.js",
    "fronts.js",
    "picker.js",
    "names.js",
    "costs.js",
    "budgets.js",
    "progress.js",
    "coefficients.js",
    "ranking.js",
    "page.js",
)
"""The page's scripts, in the order they need each other; all of them share one scope."""


_PUBLISHED = """<section id="published" aria-labelledby="published-heading">
    <h2 id="published-heading">Beside the publication</h2>
    <div class="content">{}</div>
  </section>"""


def write_page(
    boards: Sequence[Board],
    store: Store,
    file: Path,
    *,
    overall: OverallRanking | None = None,
    mlflow: str = "http://127.0.0.1:5000",
    title: str = "Frontrunner leaderboard",
    published: str = "",
) -> None:
    """Write one self-contained HTML file that shows the boards; all objectives are minimised.

    Args:
        boards: the boards that `leaderboards` gives.
        store: the store where their runs are recorded.
        file: the file to write; an existing one is replaced only by a whole page.
        overall: the average ranks over the boards; None where there are none.
        mlflow: the address that links to runs start with; readers can change it on the page.
        title: the page's heading.
        published: HTML of tables and figures to stand beside published ones, which needs no other file; no section of
            them where it is empty.

    Raises:
        ConfigError: the file cannot be written.
    """
    kept = shown_seeds(boards)
    index = index_content(boards, overall, title=title, mlflow=mlflow, kept=kept)
    fronts = all_fronts(store, boards, kept)
    contents = [packed(in_script(board_content(board, kept, fronts))) for board in boards]
    text = _page(title, index, contents, published)
    with writing(file), replacing(file) as partial:
        partial.write_text(text, encoding="utf-8")


def _page(title: str, index: dict[str, Any], contents: Sequence[str], published: str) -> str:
    """Return the whole document; marks inside content that has been filled in are left as they are."""
    from plotly.offline import get_plotlyjs

    data = [
        f'<script type="application/json" id="index">{in_script(index)}</script>',
        *(f'<script type="text/plain" id="board-{i}">{content}</script>' for i, content in enumerate(contents)),
        f'<script type="text/plain" id="plotly">{packed(get_plotlyjs())}</script>',
    ]
    filled = {
        "<!--title-->": html.escape(title),
        "<!--style-->": f"<style>\n{source_of('page.css')}</style>",
        "<!--published-->": _PUBLISHED.format(published) if published else "",
        "<!--data-->": "\n".join(data),
        "<!--scripts-->": f"<script>\n{page_script()}</script>",
    }
    parts = []
    rest = source_of("page.html")
    for mark, content in filled.items():  # in the order in which the document has them
        before, _, rest = rest.partition(mark)
        parts += [before, content]
    return "".join([*parts, rest])


def page_script() -> str:
    """Return all scripts as the page runs them."""
    scripts = "\n".join(source_of(name) for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{scripts}}})();\n'


def source_of(name: str) -> str:
    """Return the text of one file of the page: a script, its style, its document."""
    return (files(__package__) / name).read_text(encoding="utf-8")
