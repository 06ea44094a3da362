"""Return everything that is recorded as one long table, with one row per number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import UnknownNameError
from ..cells.cell import Cell
from ..cells.script_arguments import as_store, as_text
from ..records.open_store import open_store, store_place
from ..records.requested_cells import requested_cells, why_unfinished
from ..scoring.measures import INDICATOR_MEASURES
from ..scoring.scored_cells import load_groups

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "suite",
    "suite_version",
    "tasks",
    "group",
    "learner",
    "method",
    "method_version",
    "options",
    "seed",
    "status",
    "reason",
    "run_id",
    "reference_front",
    "metric",
    "value",
)
"""Columns of the table, in order."""


def results(store: str | Path | None = None, *, suite: str | None = None) -> pd.DataFrame:
    """Return a table with one row per number of every finished cell, and one row per cell that has not finished.

    The columns are `COLUMNS`. `metric` is the name of a number, with its unit: that of an indicator (`hypervolume`,
    `igd_plus`, `alignment`, ...), computed from the recorded fronts against the present reference fronts, or of
    something measured while the cell ran (`fit_time_s`, `peak_rss_bytes`, ...). `value` is empty for cells that have
    not finished. `options` is JSON; `tasks` are joined by commas; rows with the same `group` are comparable;
    `reference_front` is the digest of the front that IGD was measured to.

    Args:
        store: folder of the store, or the address of an MLflow server; when absent, that of
            `FRONTRUNNER_STORE`, else ./mlruns.
        suite: return the rows of this suite only.

    Raises:
        StoreError: there is no store, or it cannot be read. UnknownNameError: nothing is recorded of that suite.
        ConfigError: the store is no path, or the suite no text.
    """
    import pandas as pd

    if suite is not None:
        as_text("suite", suite)
    opened = open_store(store_place(as_store(store)), create=False)
    attempts = opened.attempts()
    last = {attempt.cell.key: attempt for attempt in attempts}
    rows: list[dict[str, Any]] = []
    finished = set()
    for group in load_groups(opened, attempts):
        for result in group.results:
            finished.add(result.attempt.cell.key)
            identity = _identity(result.attempt.cell) | {
                "status": "finished",
                "run_id": result.attempt.run_id,
                "reference_front": group.reference_digest[:12],
            }
            measured = {name: value for name, value in result.attempt.metrics.items() if name not in INDICATOR_MEASURES}
            numbers = measured | dict(result.scores)
            rows += [{**identity, "metric": name, "value": value} for name, value in sorted(numbers.items())]
    for cell in requested_cells(opened, attempts):
        if cell.key not in finished:
            run = last.get(cell.key)
            status, _, reason = why_unfinished(opened, run).partition(": ")
            unfinished = {"status": status, "reason": reason, "run_id": None if run is None else run.run_id}
            rows.append(_identity(cell) | unfinished)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    if suite is None:
        return table
    if suite not in set(table["suite"]):
        raise UnknownNameError("recorded suite", suite, set(table["suite"]))
    return table[table["suite"] == suite].reset_index(drop=True)


def _identity(cell: Cell) -> dict[str, Any]:
    return {
        "suite": cell.suite,
        "suite_version": cell.suite_version,
        "tasks": ",".join(cell.tasks),
        "group": cell.group,
        "learner": cell.label,
        "method": cell.method,
        "method_version": cell.method_version,
        "options": json.dumps(dict(cell.options), sort_keys=True),
        "seed": cell.seed,
    }
