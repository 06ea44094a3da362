"""Write and read the merge coefficients of a Pareto set, for every part of the model, as a Parquet file.

Importing this module does not import torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .not_read import not_read
from .table_limits import read_table

PREFERENCE = "preference_"
COEFFICIENT = "coefficient_"


@dataclass(frozen=True)
class MergeCoefficients:
    """The coefficients by which a set merges T task vectors, for every preference and part of the model.

    The file has one row per preference and part, with the columns `part`, `depth` (position of the part in the
    model, from 0), `preference` (position of the preference on the front, from 0), `preference_<task>` and
    `coefficient_<task>`.
    """

    tasks: tuple[str, ...]
    """The T tasks, in the order of the task vectors."""
    parts: tuple[str, ...]
    """Names of modules or weights in the model's order, see `ParetoSet.merge_coefficients`."""
    preferences: NDArray[np.float64]
    """Preferences, shape (n, T), in the order of the front's members."""
    coefficients: NDArray[np.float64]
    """Merge coefficients, shape (n, number of parts, T)."""

    def nearest(self, preference: NDArray[np.float64]) -> int:
        """Return the position of the recorded preference nearest to a point of the simplex, shape (T,)."""
        return int(np.linalg.norm(self.preferences - preference, axis=1).argmin())

    def write(self, file: Path) -> None:
        """Write the Parquet file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        n, n_parts, _ = self.coefficients.shape
        table = {
            "part": pa.array(list(self.parts) * n, pa.string()),
            "depth": np.tile(np.arange(n_parts), n),
            "preference": np.repeat(np.arange(n), n_parts),
        }
        for t, task in enumerate(self.tasks):
            table[f"{PREFERENCE}{task}"] = np.repeat(self.preferences[:, t], n_parts)
        for t, task in enumerate(self.tasks):
            table[f"{COEFFICIENT}{task}"] = self.coefficients[:, :, t].ravel()
        pq.write_table(pa.table(table), file)

    @classmethod
    def read(cls, file: Path) -> MergeCoefficients:
        """Read the Parquet file; raise StoreError when it is missing or damaged."""
        try:
            table = read_table(file, "a table of merge coefficients", texts=("part",))
            tasks = tuple(name.removeprefix(COEFFICIENT) for name in table.column_names if name.startswith(COEFFICIENT))
            n_parts = int(table["depth"].to_numpy().max()) + 1
            shape = (-1, n_parts, len(tasks))
            preferences, coefficients = (
                np.array([table[kind + task].to_numpy() for task in tasks], dtype=np.float64).T.reshape(shape)
                for kind in (PREFERENCE, COEFFICIENT)
            )
            parts = tuple(table["part"].slice(0, n_parts).to_pylist())
            return cls(tasks, parts, preferences[:, 0], coefficients)
        except Exception as damage:
            raise not_read(f"the recorded merge coefficients {file}", damage) from damage
