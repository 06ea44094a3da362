"""The recorded front: a Parquet file from which every number can be computed again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import StoreError
from ...metrics import Front, Hypervolume, ReferenceFront, hypervolume
from ..cells.cell import Cell
from .evaluation import Evaluation

if TYPE_CHECKING:
    import pyarrow as pa

METADATA_KEY = b"frontrunner"


@dataclass(frozen=True)
class FrontRecord:
    """One evaluated set with all that is needed to score it.

    The file has a row a member and the columns `label`, `preference_<task>`, `error_<task>` and `loss_<task>`;
    its metadata (JSON under the key `frontrunner`) holds the cell with its seed, the environment, the split,
    orientation, reference point, a digest of the weights the learner was given and what they achieve by themselves.
    """

    cell: Cell
    evaluation: Evaluation
    reference_point: NDArray[np.float64]
    pareto_front: NDArray[np.float64] | None
    """The true front, where the problem knows it."""
    split: str
    environment: dict[str, str]
    """Versions, device and machine."""
    problem: str
    """Digest of the pre-trained model and the experts."""
    hypervolume_limit: float | None = None
    """The true front's hypervolume at the reference point, where the problem knows it; absent in older files."""
    specialist: NDArray[np.float64] | None = None
    """(T,) error of expert t on task t, on the record's split; None where it is not finite, and in older files."""
    pretrained: NDArray[np.float64] | None = None
    """(T,) error of the pre-trained model, on the record's split; None where it is not finite, and in older files."""

    def front(self) -> Front:
        """The front of per-task error, minimised."""
        return self.evaluation.front()

    def true_front(self) -> ReferenceFront | None:
        """The true front as what distances are measured to; None where the problem does not know it."""
        return None if self.pareto_front is None else ReferenceFront(self.pareto_front)

    def hypervolume(self) -> Hypervolume:
        """The front's hypervolume at the recorded reference point."""
        return hypervolume(self.front(), self.reference_point)

    def hypervolume_ratio(self, volume: Hypervolume) -> float | None:
        """This front's hypervolume as a share of the limit, 1 at best; None where no limit is known."""
        return volume.value / self.hypervolume_limit if self.hypervolume_limit else None

    def table(self) -> pa.Table:
        """The table as it is recorded, without metadata."""
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
        """Write the Parquet file."""
        import pyarrow.parquet as pq

        about = {
            "cell": self.cell.to_json(),
            "orientation": "minimise",
            "reference_point": self.reference_point.tolist(),
            "pareto_front": _as_list(self.pareto_front),
            "split": self.split,
            "environment": self.environment,
            "problem": self.problem,
            "hypervolume_limit": self.hypervolume_limit,
            "specialist": _as_list(self.specialist),
            "pretrained": _as_list(self.pretrained),
        }
        pq.write_table(self.table().replace_schema_metadata({METADATA_KEY: json.dumps(about)}), file)

    @classmethod
    def read(cls, file: Path) -> FrontRecord:
        """Read it back; StoreError when the file is missing or damaged."""
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(file) as parquet:  # read_table imports pandas, which takes a second
                table = parquet.read()
            about = json.loads(table.schema.metadata[METADATA_KEY])
            cell = Cell.from_json(about["cell"])
            preferences, error, loss = (
                # None, of members that stand for no preference, becomes NaN.
                np.array([table[f"{kind}_{task}"].to_pylist() for task in cell.tasks], dtype=np.float64).T
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
                reference_point=np.array(about["reference_point"]),
                pareto_front=_as_array(about["pareto_front"]),
                split=about["split"],
                environment=about["environment"],
                problem=about["problem"],
                hypervolume_limit=about.get("hypervolume_limit"),
                specialist=_as_array(about.get("specialist")),
                pretrained=_as_array(about.get("pretrained")),
            )
        except Exception as damage:
            raise StoreError(f"the recorded front {file} cannot be read ({damage})") from damage


def _as_list(values: NDArray[np.float64] | None) -> list[Any] | None:
    """As JSON values."""
    return None if values is None else values.tolist()


def _as_array(values: list[Any] | None) -> NDArray[np.float64] | None:
    """Inverse of `_as_list`."""
    return None if values is None else np.array(values, dtype=np.float64)
