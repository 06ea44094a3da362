"""Write and read a front as a Parquet file from which every score can be computed again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...metrics import Front, Hypervolume, ReferenceFront, ScoringInput, hypervolume
from ..cells.cell import MAX_POINTS, Cell
from .evaluation import Evaluation
from .json_limits import parse_json
from .not_read import not_read
from .table_limits import MAX_TRUE_POINTS, read_table

if TYPE_CHECKING:
    import pyarrow as pa

METADATA_KEY = b"frontrunner"
"""Key of the JSON text in the metadata of the Parquet file."""
TRUE_FRONT = "true_front.parquet"
"""Name of the file beside the front that holds the true front: one column per objective, one row per point."""


@dataclass(frozen=True)
class FrontRecord:
    """One evaluated set with everything that is needed to score it; all objectives are minimised.

    The file has one row per member, with the columns `label`, `preference_<task>`, `error_<task>` and `loss_<task>`.
    Its metadata (JSON under the key `frontrunner`) holds the cell with its seed, the environment, the split, the
    orientation, the reference point, a digest of the pre-trained model and the experts, and their errors. A true front
    is kept in a file beside it, `true_front.parquet`.
    """

    cell: Cell
    evaluation: Evaluation
    """Errors and losses of the set's members."""
    reference_point: NDArray[np.float64]
    """The hypervolume's reference point, shape (T,)."""
    pareto_front: NDArray[np.float64] | None
    """The true front, shape (m, T); None where the problem does not know it."""
    split: str
    """The split that the errors and losses were measured on."""
    environment: dict[str, str]
    """Versions, device and machine that the result was made with."""
    problem: str
    """Digest of the pre-trained model and the experts."""
    hypervolume_limit: float | None = None
    """The true front's hypervolume at the reference point; None where it is not known, and in older files."""
    expert_errors: NDArray[np.float64] | None = None
    """Error of expert t on task t on `split`, shape (T,); None where one is not finite, and in older files."""
    pretrained_errors: NDArray[np.float64] | None = None
    """Error of the pre-trained model on every task on `split`, shape (T,); None as for `expert_errors`."""
    neighbour_errors: NDArray[np.float64] | None = None
    """Error of 1-nearest-neighbour on raw inputs on every task on `split`, shape (T,); None where inputs cannot be
    compared, and in older files."""

    def front(self) -> Front:
        """Return the front of per-task errors."""
        return self.evaluation.front()

    def true_front(self) -> ReferenceFront | None:
        """Return the true front as a reference for distances; None where the problem does not know it."""
        return None if self.pareto_front is None else ReferenceFront(self.pareto_front)

    def hypervolume(self) -> Hypervolume:
        """Return the front's hypervolume at the recorded reference point."""
        return hypervolume(self.front(), self.reference_point)

    def to_score(self, reference: ReferenceFront | None = None) -> ScoringInput:
        """Return the input of indicators; `reference` is the front that distances are measured to."""
        return ScoringInput(
            front=self.front(),
            losses=self.evaluation.loss,
            reference_point=self.reference_point,
            true_hypervolume=self.hypervolume_limit,
            expert_errors=self.expert_errors,
            pretrained_errors=self.pretrained_errors,
            reference=reference,
        )

    def table(self) -> pa.Table:
        """Return the table that is recorded, without its metadata."""
        import pyarrow as pa

        columns = {"label": pa.array(self.evaluation.labels, pa.string())}
        for kind, values in (
            ("preference", self.evaluation.preferences),
            ("error", self.evaluation.error),
            ("loss", self.evaluation.loss),
        ):
            for t, task in enumerate(self.cell.tasks):
                columns[f"{kind}_{task}"] = pa.nulls(len(self.evaluation.labels)) if values is None else values[:, t]
        return pa.table(columns)

    def write(self, file: Path) -> None:
        """Write the Parquet file, and the true front beside it where there is one."""
        import pyarrow.parquet as pq

        about = {
            "cell": self.cell.to_json(),
            "orientation": "minimise",
            "reference_point": self.reference_point.tolist(),
            "true_front": None if self.pareto_front is None else TRUE_FRONT,
            "split": self.split,
            "environment": self.environment,
            "problem": self.problem,
            "hypervolume_limit": self.hypervolume_limit,
            "expert_errors": _as_list(self.expert_errors),
            "pretrained_errors": _as_list(self.pretrained_errors),
            "neighbour_errors": _as_list(self.neighbour_errors),
        }
        if self.pareto_front is not None:
            _write_true_front(self.pareto_front, self.cell.tasks, file.with_name(TRUE_FRONT))
        pq.write_table(self.table().replace_schema_metadata({METADATA_KEY: json.dumps(about)}), file)

    @classmethod
    def read(cls, file: Path) -> FrontRecord:
        """Read a recorded front; raise StoreError when a file is missing or damaged."""
        try:
            table = read_table(file, "a front", texts=("label",), max_rows=MAX_POINTS)
            about = parse_json(table.schema.metadata[METADATA_KEY], "what a front says of itself")
            cell = Cell.from_json(about["cell"])
            preferences, error, loss = (
                # The preferences of members that stand for none are null, which becomes NaN.
                np.array([_numbers(table[f"{kind}_{task}"]) for task in cell.tasks]).T
                for kind in ("preference", "error", "loss")
            )
            return cls(
                cell=cell,
                evaluation=Evaluation(
                    error=error,
                    loss=loss,
                    preferences=None if np.isnan(preferences).all() else preferences,
                    labels=tuple(table["label"].to_pylist()),
                ),
                reference_point=np.array(about["reference_point"], dtype=np.float64),
                pareto_front=_true_front(about, file, cell.tasks),
                split=about["split"],
                environment=about["environment"],
                problem=about["problem"],
                hypervolume_limit=about.get("hypervolume_limit"),
                # Version 0.1.0 wrote "specialist" and "pretrained".
                expert_errors=_as_array(about.get("expert_errors", about.get("specialist"))),
                pretrained_errors=_as_array(about.get("pretrained_errors", about.get("pretrained"))),
                neighbour_errors=_as_array(about.get("neighbour_errors")),
            )
        except Exception as damage:
            raise not_read(f"the recorded front {file}", damage) from damage


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return a column as an array, NaN where it is null; a column at a time, since Python's numbers take much room."""
    return np.array(column.to_pylist(), dtype=np.float64)


def _true_front(about: dict[str, Any], file: Path, tasks: tuple[str, ...]) -> NDArray[np.float64] | None:
    """Return the true front, from the file beside the front or, where version 0.1.0 wrote it, from the metadata."""
    if about.get("true_front") is None:
        return _as_array(about.get("pareto_front"))
    table = read_table(file.with_name(TRUE_FRONT), "a true front", max_rows=MAX_TRUE_POINTS)
    return np.array([table[f"error_{task}"].to_numpy() for task in tasks], dtype=np.float64).T


def _write_true_front(points: NDArray[np.float64], tasks: tuple[str, ...], file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {f"error_{task}": points[:, t] for t, task in enumerate(tasks)}
    pq.write_table(pa.table(columns), file, compression="zstd")


def _as_list(values: NDArray[np.float64] | None) -> list[Any] | None:
    """Return an array as JSON values."""
    return None if values is None else values.tolist()


def _as_array(values: list[Any] | None) -> NDArray[np.float64] | None:
    """Return the JSON values of `_as_list` as an array again."""
    return None if values is None else np.array(values, dtype=np.float64)
