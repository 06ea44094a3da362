"""Show a cell's scores and a note on its run in MLflow; the import of this module does not load torch."""

from __future__ import annotations

from collections.abc import Mapping

from ..cells.cell import Cell
from ..records.finished_cell import FinishedCell
from ..records.mlflow_tags import NOTE, PREFIX, WARNINGS
from ..records.status import Ending
from ..records.store import Store
from ..scoring.cell_scores import score_finished
from ..scoring.measures import HYPERVOLUME_ERROR
from ..scoring.references import true_reference
from ..scoring.set_warnings import as_sentence, set_warnings
from .mlflow_note import finished_note, unfinished_note


def publish_scores(store: Store, run_id: str, finished: FinishedCell) -> Mapping[str, float]:
    """Score a cell that has just been recorded, and show its scores and a note on its run.

    Args:
        store: the store where the cell is recorded.
        run_id: the id of the cell's run, which `Store.record` has closed.
        finished: the record of the cell.

    Returns:
        The cell's scores, by the indicator's name.

    Raises:
        StoreError: the store cannot be written.
        FrontError: the hypervolume is too large for a float.
        ConfigError: a third party's indicator fails.
    """
    attempt = store.find(run_id, cell=finished.cell)
    record = finished.front
    scores = score_finished(store, attempt, record)
    warnings = as_sentence(set_warnings(attempt, scores))
    truth = {} if record.pareto_front is None else {f"{PREFIX}reference_front": true_reference(record).digest}
    store.log(
        run_id,
        metrics=scores,
        tags={
            NOTE: finished_note(finished.cell, run_id, {**finished.costs, **scores}, record.front(), warnings),
            **({WARNINGS: warnings} if warnings else {}),
            f"{PREFIX}hypervolume_exact": str(HYPERVOLUME_ERROR not in scores),
            **truth,
        },
    )
    return scores


def publish_ending(store: Store, run_id: str, cell: Cell, ending: Ending, *, log: bool = True) -> None:
    """Show on a run why its cell has no result; `log` says whether the cell's output is kept with the run."""
    store.log(run_id, tags={NOTE: unfinished_note(cell, ending.status, ending.reason, log=log)})
