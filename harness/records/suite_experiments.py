"""The MLflow experiments of suites: found by the suite they were recorded for, whatever they are called by now."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...errors import StoreError, UnknownNameError
from .mlflow_views import experiment_tags, is_outdated

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

    from .recorded_run import RecordedExperiment


class SuiteExperiments:
    """The experiments of a store, one a suite.

    Args:
        place: the store's folder or address, for messages.
        recorded: reads the experiments that the store holds, deleted ones among them.
        client: gives MLflow's client, which is opened on first use.
        create: makes the experiment of a suite in a client's store, and returns its id.
    """

    def __init__(
        self,
        place: object,
        recorded: Callable[[], list[RecordedExperiment]],
        client: Callable[[], MlflowClient],
        create: Callable[[MlflowClient, str], str],
    ) -> None:
        self._place = place
        self._recorded = recorded
        self._client = client
        self._create = create
        self._ids: dict[str, str] = {}

    def described(self) -> list[Experiment]:
        """Return the experiments of all suites, sorted by name; their views are updated first."""
        found = []
        for one in self._recorded():
            if not one.deleted:
                experiment = self._client().get_experiment(one.experiment_id)
                self._describe(experiment, one.suite)
                found.append(experiment)
        return sorted(found, key=lambda experiment: str(experiment.name))

    def id_of(self, suite: str, *, look_again: bool = False) -> str:
        """Return the id of a suite's experiment, which is created if it does not exist.

        Args:
            suite: the suite's name.
            look_again: look it up even if it is known, so that its views become those of this version.

        Raises:
            StoreError: the experiment was deleted in MLflow, or something else has the suite's name there.
        """
        if suite not in self._ids or look_again:
            experiment_id = self._find(suite)
            self._describe(self._client().get_experiment(experiment_id), suite)
            self._ids[suite] = experiment_id
        return self._ids[suite]

    def _find(self, suite: str) -> str:
        recorded = [one for one in self._recorded() if one.suite == suite]
        kept = sorted((one for one in recorded if not one.deleted), key=lambda one: one.name != suite)
        if kept:
            return kept[0].experiment_id
        if recorded:
            raise StoreError(deleted_advice(suite))
        if self._client().get_experiment_by_name(suite) is not None:
            raise StoreError(
                f"the experiment of suite {suite!r} cannot be made in {self._place}, since something else is "
                "called so in MLflow; rename that (where it was deleted, restore it first)"
            )
        return self._create(self._client(), suite)

    def restore(self, suite: str | None = None) -> list[str]:
        """Bring experiments back that were deleted in MLflow, with their runs; return their suites.

        Args:
            suite: the suite whose experiment is restored; all that were deleted when None.

        Raises:
            UnknownNameError: no experiment of this suite was deleted.
        """
        deleted = [one for one in self._recorded() if one.deleted]
        names = sorted({one.suite for one in deleted})
        if suite is not None and suite not in names:
            raise UnknownNameError("suite with a deleted experiment", suite, names)
        for one in deleted:
            if suite in (None, one.suite):
                self._client().restore_experiment(one.experiment_id)
        return names if suite is None else [suite]

    def _describe(self, experiment: Experiment, suite: str) -> None:
        """Update the experiment's views, and set its description and kind where they are not set."""
        for key, value in experiment_tags(suite, experiment.creation_time or 0).items():
            if key not in experiment.tags or is_outdated(key, experiment.tags[key], value):
                self._set_tag(experiment.experiment_id, key, value)

    def _set_tag(self, experiment_id: str, key: str, value: str) -> None:
        try:
            self._client().set_experiment_tag(experiment_id, key, value)
        except Exception:
            if key not in self._client().get_experiment(experiment_id).tags:
                raise  # else another machine has set it at the same moment, which PostgreSQL refuses


def deleted_advice(suite: str) -> str:
    """Return one sentence on a suite whose experiment was deleted in MLflow."""
    return (
        f"the experiment of suite {suite!r} was deleted in MLflow, which keeps it until `mlflow gc`; "
        f"`frontrunner store restore {suite}` brings it back with its results"
    )
