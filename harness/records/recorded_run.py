"""What is recorded in MLflow, as a store reads it, whether from the database itself or through a tracking server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass
class RecordedRun:
    """One MLflow run that has not been deleted."""

    run_id: str
    experiment: str
    """Name of the run's experiment: the suite's, unless someone has renamed it."""
    experiment_id: str
    suite: str
    """The suite that the run was recorded for; the experiment's name where nothing tells."""
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    """The last value of every MLflow metric, by name; NaN is left out."""
    address: str = ""
    """MLflow's address of the run's files, where a server keeps them; a folder's store knows where they are."""


@dataclass(frozen=True)
class RecordedExperiment:
    """One MLflow experiment of a suite."""

    experiment_id: str
    name: str
    suite: str
    deleted: bool
    """Whether someone has deleted it in MLflow, which keeps it until `mlflow gc`."""


class RunReader(Protocol):
    """Reads what is recorded; each method reads anew, and raises StoreError where that cannot be done."""

    def experiments(self) -> list[RecordedExperiment]:
        """Return the experiments of all suites, deleted ones too, oldest first."""

    def runs(self, tag: str, value: str) -> list[RecordedRun]:
        """Return every run whose tag `tag` has this value, oldest first, in experiments that are not deleted."""

    def forgotten(self) -> dict[str, str]:
        """Map the id of every run that was forgotten, oldest first, to the key of the cell that it attempted."""

    def deleted_run(self, beginning: str) -> str:
        """Return the id of a run that was deleted in MLflow and begins so; empty where there is none."""
