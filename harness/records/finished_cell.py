"""Write, read and check the folder of a finished cell, which holds everything a worker measured.

The folder contains

- `cell.json`: the cell, its options as resolved for the problem, its costs, and digests of the other files;
- `front.parquet`: the evaluated front with its environment, see `FrontRecord`;
- `true_front.parquet`: the true front, where the problem knows it;
- `curve.json`: the training curve;
- `coefficients.parquet`: the merge coefficients, where the set merges task vectors;
- `example_errors.safetensors`: which test examples each member answers wrongly, where the problem says;
- `state.safetensors`: the learned weights, where there are any;
- `notes.txt`: what the set gave and could not be recorded, one sentence a line, where there is any.

`first_layout` also reads the folders of version 0.1.0.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ...checked_json import checksum
from ...errors import StoreError, UnreadableError
from ...file_digest import digest_files
from ...validation_words import validation_message
from ...whole_file import flush, replacing
from ..cells.cell import Cell
from .checked_entries import Curve, Few, few_entries, read_curve
from .coefficients import MergeCoefficients
from .example_errors import ExampleErrors
from .front_record import TRUE_FRONT, FrontRecord
from .json_limits import parse_json, read_limited
from .not_read import not_read

MANIFEST = "cell.json"
FRONT = "front.parquet"
CURVE = "curve.json"
COEFFICIENTS = "coefficients.parquet"
STATE = "state.safetensors"
NOTES = "notes.txt"
EXAMPLE_ERRORS = "example_errors.safetensors"

LAYOUT: Final = 2
"""Version of the layout, raised by a change that older versions cannot read; 1 was that of version 0.1.0."""
MAX_MANIFEST_BYTES = 10**6
"""The most bytes of `cell.json`; the cell in it has a twentieth of that, its costs and digests less."""
MAX_CURVE_BYTES = 32 * 10**6
"""The most bytes of `curve.json`: 100,000 points of ten values."""


class Manifest(BaseModel):
    """The content of `cell.json`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _few_keys(cls, content: Any) -> Any:
        return few_entries(content)

    format: Literal["frontrunner cell"] = "frontrunner cell"
    version: Literal[2] = LAYOUT
    """Version of the layout."""
    cell: dict[str, Any]
    """The cell, as `Cell.to_json` gives it."""
    resolved: dict[str, Any]
    """The learner's options as resolved for the problem."""
    costs: Annotated[dict[str, float], Few]
    """Costs by name with their unit."""
    files: Annotated[dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]], Few]
    """SHA-256 digests of the other files, by file name."""
    checksum: str = ""
    """SHA-256 of all of the above; empty where a version wrote it that had none."""


@dataclass(frozen=True)
class FinishedCell:
    """A cell that ran to its end, with everything that was measured."""

    front: FrontRecord
    """The evaluated front, with the cell and its environment."""
    costs: Mapping[str, float]
    """Finite numbers measured while the cell ran, by name with their unit."""
    curve: Sequence[Mapping[str, float]] = ()
    """Points of the training curve: mappings with `step` and the values at that step."""
    resolved: Mapping[str, Any] = field(default_factory=dict)
    """The learner's options, including those that the suite or the problem decides."""
    coefficients: MergeCoefficients | None = None
    """Coefficients by which the set merges task vectors; None for a set that merges none."""
    state: Path | None = None
    """File of the learned weights (safetensors); None where there are none, or the file is not available."""
    notes: Sequence[str] = ()
    """A sentence for each thing that the set gave and that could not be recorded."""
    example_errors: ExampleErrors | None = None
    """Which test examples each member answers wrongly; None where it is not known."""

    @property
    def cell(self) -> Cell:
        """The cell that finished."""
        return self.front.cell

    @property
    def environment(self) -> Mapping[str, str]:
        """Versions, device and machine that the result was made with."""
        return self.front.environment

    def write(self, folder: Path) -> None:
        """Write everything to an existing folder; `cell.json` is written last, so a folder that has it is complete.

        All of it is on the disk then, also after a loss of power.
        """
        self.front.write(folder / FRONT)
        if self.coefficients is not None:
            self.coefficients.write(folder / COEFFICIENTS)
        if self.state is not None and self.state != folder / STATE:
            shutil.copy(self.state, folder / STATE)
        if self.example_errors is not None:
            self.example_errors.write(folder / EXAMPLE_ERRORS)
        (folder / CURVE).write_text(json.dumps(_finite_curve(self.curve)), encoding="utf-8")
        if self.notes:
            (folder / NOTES).write_text("".join(f"{note}\n" for note in self.notes), encoding="utf-8")
        names = (FRONT, TRUE_FRONT, CURVE, COEFFICIENTS, STATE, NOTES, EXAMPLE_ERRORS)
        manifest = Manifest(
            cell=self.cell.to_json(),
            resolved=dict(self.resolved),
            costs={name: float(value) for name, value in self.costs.items() if math.isfinite(value)},
            files={name: digest_files(folder / name) for name in names if (folder / name).exists()},
        )
        flush(*(folder / name for name in manifest.files))
        content = manifest.model_dump()
        content["checksum"] = _checksum(content)
        with replacing(folder / MANIFEST, flushed=True) as partial:
            partial.write_text(json.dumps(content, indent=1), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path, *, without_state: bool = False, recorded: bool = True) -> FinishedCell:
        """Read the folder of a finished cell and check all of it.

        Args:
            folder: the folder, as `write` wrote it.
            without_state: accept a folder without the learned weights; bundles hold none.
            recorded: whether the store, or a bundle, has a digest of `cell.json`; else its own checksum must be right.

        Raises:
            UnreadableError: a file cannot be read now, or a newer version has written the folder.
            StoreError: a file is missing or damaged, or two files contradict each other.
        """
        try:
            manifest = _read_manifest(folder)
            if not recorded and manifest.checksum not in ("", _checksum(manifest.model_dump())):
                raise ValueError(f"{MANIFEST} is not the file that was written")
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
            by_example = ExampleErrors.read(folder / EXAMPLE_ERRORS) if EXAMPLE_ERRORS in listed else None
            if by_example is not None and not by_example.fits(front.evaluation.error):
                raise ValueError(f"{EXAMPLE_ERRORS} holds other errors than {FRONT}")
            return cls(
                front=front,
                costs=manifest.costs,
                curve=read_curve(_read_json(folder / CURVE, MAX_CURVE_BYTES)),
                resolved=manifest.resolved,
                coefficients=coefficients,
                state=folder / STATE if STATE in listed and (folder / STATE).exists() else None,
                notes=(folder / NOTES).read_text(encoding="utf-8").splitlines() if NOTES in listed else (),
                example_errors=by_example,
            )
        except ValidationError as error:
            raise StoreError(f"the finished cell in {folder} is damaged ({validation_message(error)})") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise not_read(f"the finished cell in {folder}", error, "is damaged") from error


def is_complete(folder: Path) -> bool:
    """Return whether all of a finished cell has been written to a folder."""
    return (folder / MANIFEST).exists()


def _read_manifest(folder: Path) -> Manifest:
    content = _read_json(folder / MANIFEST, MAX_MANIFEST_BYTES)
    version = content.get("version") if isinstance(content, dict) else None
    if isinstance(version, int) and version > LAYOUT:
        raise UnreadableError(
            f"a newer version of Frontrunner has written the finished cell in {folder}: its layout is {version}, this "
            f"version reads up to {LAYOUT}; update Frontrunner, or move that folder away"
        )
    return Manifest.model_validate(content)


def _checksum(content: Mapping[str, Any]) -> str:
    whole = {name: value for name, value in content.items() if name != "checksum"}
    return checksum(whole)


def _read_json(file: Path, max_bytes: int) -> Any:
    return parse_json(read_limited(file, max_bytes=max_bytes), file.name, max_bytes=max_bytes)


def _finite_curve(curve: Sequence[Mapping[str, float]]) -> Curve:
    """Return the curve without NaN and infinite values, and without points that have nothing left but their step."""
    points = ({name: float(value) for name, value in point.items() if math.isfinite(value)} for point in curve)
    return [point for point in points if len(point) > 1]
