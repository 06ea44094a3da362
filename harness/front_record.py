"""The recorded front: a Parquet file from which every number can be computed again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import StoreError
from ..metrics import Front, Hypervolume, hypervolume
from ..tasks import Problem
from ..tasks.expert_cache import digest_weights
from .cell import Cell
from .evaluation import Evaluation

METADATA_KEY = b"frontrunner"


def digest_problem(problem: Problem) -> str:
    """Digest of everything a learner is given besides data: the pre-trained model and every expert."""
    models = [digest_weights(params) for params in (problem.pretrained, *problem.experts)]
    return hashlib.sha256("/".join(models).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class FrontRecord:
    """One evaluated set with all that is needed to score it.

    The file has a row a member and the columns `label`, `preference_<task>`, `error_<task>` and `loss_<task>`;
    its metadata (JSON under the key `frontrunner`) holds the cell with its seed, the environment, the split,
    orientation, reference point and a digest of the weights the learner was given.
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

    def front(self) -> Front:
        """The front of per-task error, minimised."""
        return self.evaluation.front()

    def hypervolume(self) -> Hypervolume:
        """The front's hypervolume at the recorded reference point."""
        return hypervolume(self.front(), self.reference_point)

    def hypervolume_ratio(self, volume: Hypervolume) -> float | None:
        """This front's hypervolume as a share of the limit, 1 at best; None where no limit is known."""
        return None if self.hypervolume_limit is None else volume.value / self.hypervolume_limit

    def frame(self) -> pd.DataFrame:
        """The table as it is recorded."""
        blocks: dict[str, Any] = {"label": list(self.evaluation.labels)}
        for kind, values in (
            ("preference", self.evaluation.preferences),
            ("error", self.evaluation.error),
            ("loss", self.evaluation.loss),
        ):
            for t, task in enumerate(self.cell.tasks):
                blocks[f"{kind}_{task}"] = None if values is None else values[:, t]
        return pd.DataFrame(blocks)

    def write(self, file: Path) -> None:
        """Write the Parquet file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pandas(self.frame(), preserve_index=False)
        about = {
            "cell": self.cell.to_json(),
            "orientation": "minimise",
            "reference_point": self.reference_point.tolist(),
            "pareto_front": None if self.pareto_front is None else self.pareto_front.tolist(),
            "split": self.split,
            "environment": self.environment,
            "problem": self.problem,
            "hypervolume_limit": self.hypervolume_limit,
        }
        pq.write_table(table.replace_schema_metadata({METADATA_KEY: json.dumps(about)}), file)

    @classmethod
    def read(cls, file: Path) -> FrontRecord:
        """Read it back; StoreError when the file is missing or damaged."""
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(file)
            about = json.loads(table.schema.metadata[METADATA_KEY])
            cell = Cell.from_json(about["cell"])
            frame = table.to_pandas()
            preferences, error, loss = (
                frame[[f"{kind}_{task}" for task in cell.tasks]].to_numpy(dtype=np.float64)
                for kind in ("preference", "error", "loss")
            )
            truth = about["pareto_front"]
            return cls(
                cell=cell,
                evaluation=Evaluation(
                    error=error,
                    loss=loss,
                    preferences=None if np.isnan(preferences).all() else preferences,
                    labels=tuple(frame["label"]),
                ),
                reference_point=np.array(about["reference_point"]),
                pareto_front=None if truth is None else np.array(truth),
                split=about["split"],
                environment=about["environment"],
                problem=about["problem"],
                hypervolume_limit=about.get("hypervolume_limit"),
            )
        except Exception as damage:
            raise StoreError(f"the recorded front {file} cannot be read ({damage})") from damage
