"""Read recorded runs through MLflow's REST API, where the database is on another machine."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from .mlflow_tags import FORGOTTEN, PREFIX, SUITE
from .recorded_run import RecordedExperiment, RecordedRun

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Run

PAGE = 1000
"""Runs or experiments asked for at once; a page of cells is a megabyte."""
AT_ONCE = 100
"""Experiments whose runs are searched by one request."""


class ServerReader:
    """The `RunReader` of an MLflow server. Its methods raise what MLflow raises.

    Args:
        client: gives MLflow's client, which takes seconds to import.
    """

    def __init__(self, client: Callable[[], MlflowClient]) -> None:
        self._client = client

    def experiments(self) -> list[RecordedExperiment]:
        """Return the experiments that carry the tag of a suite, deleted ones too, oldest first."""
        return [
            RecordedExperiment(
                str(one.experiment_id), str(one.name), one.tags[SUITE], deleted=one.lifecycle_stage != "active"
            )
            for one in self._all_experiments()
            if SUITE in one.tags
        ]

    def runs(self, tag: str, value: str) -> list[RecordedRun]:
        """Return every run whose tag `tag` has this value, oldest first, in experiments that are not deleted."""
        kept = {one.experiment_id: one for one in self.experiments() if not one.deleted}
        found = []
        for run in self._search(list(kept), f"tags.`{tag}` = '{value}'", deleted=False):
            of = kept[str(run.info.experiment_id)]
            found.append(
                RecordedRun(
                    run_id=str(run.info.run_id),
                    experiment=of.name,
                    experiment_id=of.experiment_id,
                    suite=of.suite,
                    tags=dict(run.data.tags),
                    metrics={name: value for name, value in run.data.metrics.items() if not math.isnan(value)},
                    address=str(run.info.artifact_uri),
                )
            )
        return found

    def forgotten(self) -> dict[str, str]:
        """Map the id of every run that was forgotten, oldest first, to the key of the cell that it attempted."""
        experiments = [one.experiment_id for one in self.experiments()]
        return {
            str(run.info.run_id): run.data.tags[f"{PREFIX}cell"]
            for run in self._search(experiments, f"tags.`{FORGOTTEN}` = 'yes'", deleted=True)
            if f"{PREFIX}cell" in run.data.tags
        }

    def deleted_run(self, beginning: str) -> str:
        """Return the id of a run that was deleted in MLflow and begins so; empty where there is none."""
        if not re.fullmatch(r"[0-9a-f]+", beginning):  # it becomes part of a query
            return ""
        experiments = [one.experiment_id for one in self.experiments()]
        found = self._search(experiments, f"attributes.run_id LIKE '{beginning}%'", deleted=True)
        return next((str(run.info.run_id) for run in found), "")

    def _all_experiments(self) -> Iterator[Experiment]:
        from mlflow.entities import ViewType

        token = None
        while True:
            page = self._client().search_experiments(
                view_type=ViewType.ALL, max_results=PAGE, order_by=["experiment_id ASC"], page_token=token
            )
            yield from page
            token = page.token
            if not token:
                return

    def _search(self, experiments: list[str], query: str, *, deleted: bool) -> Iterator[Run]:
        """Yield the runs of these experiments that a query finds, oldest first, page by page."""
        from mlflow.entities import ViewType

        view = ViewType.DELETED_ONLY if deleted else ViewType.ACTIVE_ONLY
        pages: list[Run] = []
        for start in range(0, len(experiments), AT_ONCE):
            token = None
            while True:
                page = self._client().search_runs(
                    experiments[start : start + AT_ONCE],
                    query,
                    run_view_type=view,
                    max_results=PAGE,
                    order_by=["attributes.start_time ASC", "attributes.run_id ASC"],
                    page_token=token,
                )
                pages += page
                token = page.token
                if not token:
                    break
        yield from sorted(pages, key=lambda run: (run.info.start_time or 0, str(run.info.run_id)))
