"""The recorded merge coefficients of a set, part by part of the model: a Parquet file. Starts without torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import StoreError

PREFERENCE = "preference_"
COEFFICIENT = "coefficient_"


@dataclass(frozen=True)
class MergeCoefficients:
    """How a set that merges task vectors weighs T of them, by part of the model and by preference.

    The file is long: a row for every preference and part, with the columns `part`, `depth` (position of the part in
    the model, from 0), `preference` (position of the preference on the front, from 0), `preference_<task>` and
    `coefficient_<task>`.
    """

    tasks: tuple[str, ...]
    parts: tuple[str, ...]
    """Modules or weights in the model's order, see `ParetoSet.merge_coefficients`."""
    preferences: NDArray[np.float64]
    """(n, T), in the order of the front's members."""
    coefficients: NDArray[np.float64]
    """(n, parts, T)."""

    def nearest(self, preference: NDArray[np.float64]) -> int:
        """Position of the recorded preference that lies nearest to a point (T,) of the simplex."""
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
        """Read it back; StoreError when the file is missing or damaged."""
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(file) as parquet:  # read_table imports pandas, which takes a second
                columns = parquet.read().to_pydict()
            tasks = tuple(name.removeprefix(COEFFICIENT) for name in columns if name.startswith(COEFFICIENT))
            n_parts = max(columns["depth"]) + 1
            shape = (-1, n_parts, len(tasks))
            preferences, coefficients = (
                np.array([columns[kind + task] for task in tasks], dtype=np.float64).T.reshape(shape)
                for kind in (PREFERENCE, COEFFICIENT)
            )
            return cls(tasks, tuple(columns["part"][:n_parts]), preferences[:, 0], coefficients)
        except Exception as damage:
            raise StoreError(f"the recorded merge coefficients {file} cannot be read ({damage})") from damage
