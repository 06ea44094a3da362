"""Write the scores that depend on other cells to the runs in MLflow, and reference fronts to the store."""

from __future__ import annotations

from collections.abc import Sequence

from ..records.mlflow_tags import PREFIX, WARNINGS
from ..records.shown_metrics import rounded
from ..records.store import Store
from ..scoring.references import keep_reference
from ..scoring.scored_cells import ComparableGroup
from ..scoring.set_warnings import as_sentence, set_warnings


def publish_reference_scores(store: Store, groups: Sequence[ComparableGroup]) -> None:
    """Log what has changed on the runs since they were scored, and write the references.

    That is the scores against a reference front that others have moved, and the scores and warnings of runs that an
    older version has recorded.
    """
    for group in groups:
        keep_reference(store, group.reference, group.tasks)
        for result in group.results:
            attempt, scores = result.attempt, result.scores
            tags = {
                f"{PREFIX}reference_front": group.reference_digest,
                WARNINGS: as_sentence(set_warnings(attempt, scores)),
            }
            changed = {name: tag for name, tag in tags.items() if attempt.tags.get(name, "") != tag}
            metrics = {name: value for name, value in scores.items() if attempt.metrics.get(name) != rounded(value)}
            if changed or metrics:
                store.log(attempt.run_id, metrics=metrics, tags=changed)
