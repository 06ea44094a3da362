"""A finished cell: everything a worker measured, as one folder that is written, read and checked here only.

The folder holds

- `cell.json`: the cell, its options as resolved for the problem, its costs, and the digests of the other files;
- `front.parquet` (and `true_front.parquet`): the evaluated front with its environment, see `FrontRecord`;
- `curve.json`: the training curve;
- `coefficients.parquet`: merge coefficients, where the set merges task vectors;
- `state.safetensors`: what was learned, where anything was.

Folders that version 0.1.0 wrote are read too, see `first_layout`.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ...errors import StoreError
from ...file_digest import digest_files
from ...whole_file import replacing
from ..cells.cell import Cell
from .coefficients import MergeCoefficients
from .front_record import TRUE_FRONT, FrontRecord

MANIFEST = "cell.json"
FRONT = "front.parquet"
CURVE = "curve.json"
COEFFICIENTS = "coefficients.parquet"
STATE = "state.safetensors"

Curve = list[dict[str, float]]
_CURVE: TypeAdapter[Curve] = TypeAdapter(list[dict[str, Annotated[float, Field(allow_inf_nan=False)]]])


class Manifest(BaseModel):
    """What `cell.json` holds."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    format: Literal["frontrunner cell"] = "frontrunner cell"
    version: Literal[2] = 2
    """Raised whenever an older Frontrunner could not read what is written; 1 is the layout of version 0.1.0."""
    cell: dict[str, Any]
    resolved: dict[str, Any]
    costs: dict[str, float]
    files: dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]]
    """File name -> SHA-256 of the other files."""


@dataclass(frozen=True)
class FinishedCell:
    """One cell that ran to its end, with everything that was measured of it."""

    front: FrontRecord
    """The evaluated front, with the cell and its environment."""
    costs: Mapping[str, float]
    """What was measured while it ran and is finite, by name with its unit."""
    curve: Sequence[Mapping[str, float]] = ()
    """Training curve: a mapping with `step` a point."""
    resolved: Mapping[str, Any] = field(default_factory=dict)
    """The learner's options with what the suite or the problem decides filled in."""
    coefficients: MergeCoefficients | None = None
    """How the set merges task vectors; None for sets that do not."""
    state: Path | None = None
    """File of what was learned (safetensors); None where nothing was, or it is not at hand."""

    @property
    def cell(self) -> Cell:
        """The cell itself."""
        return self.front.cell

    @property
    def environment(self) -> Mapping[str, str]:
        """Versions, device and machine it was made with and on."""
        return self.front.environment

    def write(self, folder: Path) -> None:
        """Write everything to a folder that exists; `cell.json` comes last, so a folder that has it is whole."""
        self.front.write(folder / FRONT)
        if self.coefficients is not None:
            self.coefficients.write(folder / COEFFICIENTS)
        if self.state is not None and self.state != folder / STATE:
            shutil.copy(self.state, folder / STATE)
        (folder / CURVE).write_text(json.dumps(_finite_curve(self.curve)))
        names = (FRONT, TRUE_FRONT, CURVE, COEFFICIENTS, STATE)
        manifest = Manifest(
            cell=self.cell.to_json(),
            resolved=dict(self.resolved),
            costs={name: float(value) for name, value in self.costs.items() if math.isfinite(value)},
            files={name: digest_files(folder / name) for name in names if (folder / name).exists()},
        )
        with replacing(folder / MANIFEST) as partial:
            partial.write_text(json.dumps(manifest.model_dump(), indent=1))

    @classmethod
    def read(cls, folder: Path, *, without_state: bool = False) -> FinishedCell:
        """Read a folder back and check all of it.

        Args:
            folder: as `write` leaves it, or as version 0.1.0 did.
            without_state: accept that the learned state is missing, as from a bundle, which holds no weights.

        Raises:
            StoreError: a file is missing, damaged, or is not what `cell.json` says.
        """
        if not (folder / MANIFEST).exists() and (folder / "config.json").exists():
            from .first_layout import read_first_layout

            return read_first_layout(folder)
        try:
            manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
            for name, digest in manifest.files.items():
                if not (without_state and name == STATE) and digest_files(folder / name) != digest:
                    raise ValueError(f"{name} is not the file that was written")
            front = FrontRecord.read(folder / FRONT)
            if front.cell.to_json() != manifest.cell:
                raise ValueError(f"{FRONT} is of another cell than {MANIFEST}")
            listed = manifest.files
            coefficients = MergeCoefficients.read(folder / COEFFICIENTS) if COEFFICIENTS in listed else None
            if coefficients is not None and coefficients.tasks != front.cell.tasks:
                raise ValueError(f"{COEFFICIENTS} is of other tasks than {FRONT}")
            return cls(
                front=front,
                costs=manifest.costs,
                curve=_CURVE.validate_json((folder / CURVE).read_bytes()),
                resolved=manifest.resolved,
                coefficients=coefficients,
                state=folder / STATE if STATE in listed and (folder / STATE).exists() else None,
            )
        except ValidationError as error:
            raise StoreError(f"the finished cell in {folder} is damaged ({validation_message(error)})") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"the finished cell in {folder} is damaged ({error})") from error


def validation_message(error: ValidationError) -> str:
    """Return the first of pydantic's complaints: where, and what."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first["loc"] else str(first["msg"])


def _finite_curve(curve: Sequence[Mapping[str, float]]) -> Curve:
    """Drop values that are NaN or infinite, and points that have nothing left but their step."""
    points = ({name: float(value) for name, value in point.items() if math.isfinite(value)} for point in curve)
    return [point for point in points if len(point) > 1]
