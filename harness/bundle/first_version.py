"""Read bundles of version 0.1.0: format version 1, which holds tables of all cells instead of a folder per cell.

Its members are `bundle.json`, `fronts.parquet` (a row for every run, member and task), `pareto_fronts.parquet` (true
fronts by digest), `curves.json`, and `routing/<key>.parquet` (merge coefficients). Nothing writes this format any more.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import FailFast, Field, model_validator

from ...errors import StoreError
from ..cells.cell import Cell
from ..records.checked_entries import Curve, Few, read_curve
from ..records.coefficients import MergeCoefficients
from ..records.evaluation import Evaluation
from ..records.finished_cell import FinishedCell
from ..records.front_record import FrontRecord
from ..records.json_limits import parse_json
from ..scoring.measures import is_score
from .allowed import Digest, Environment, HalfWidth, Name, Options, ProblemDigest, SharedModel
from .archive import Unpacked
from .checks import check_finished, check_hypervolume
from .content import About, CellEntry, check_each_once
from .first_version_tables import front_digest, read_fronts, read_true_fronts
from .shared_cell import SharedCell

_FRONTS, _TRUE_FRONTS, _CURVES = "fronts.parquet", "pareto_fronts.parquet", "curves.json"


class _Measured(SharedModel):
    """The part of `bundle.json` about one finished cell."""

    members: Annotated[int, Field(ge=1)]
    digest: Digest
    """The digest of the front, as `front_digest` computes it."""
    reference_point: Annotated[list[float], Field(fail_fast=True)]
    pareto_front: Digest | None
    """The digest of the true front in `pareto_fronts.parquet`; None where none is known."""
    hypervolume_limit: float | None
    specialist: Annotated[list[float], Field(fail_fast=True)] | None
    """Error of every task's expert on its task."""
    pretrained: Annotated[list[float], Field(fail_fast=True)] | None
    problem: ProblemDigest
    hypervolume: float
    hypervolume_error: HalfWidth | None
    environment: Environment
    metrics: Annotated[dict[Name, float], Few]
    """Costs, and scores that do not depend on other runs' fronts."""
    resolved: Options
    routing: Digest | None
    """The SHA-256 of the member `routing/<key>.parquet`; None where there is none."""


class _FirstEntry(CellEntry):
    result: _Measured | None

    @model_validator(mode="after")
    def _one_story(self) -> Self:
        if (self.result is not None) != (self.status == "finished"):
            raise ValueError(f"the cell {self.key} is {self.status!r} and {'has' if self.result else 'lacks'} a result")
        return self


class _Content(About):
    version: Literal[1]
    cells: Annotated[list[_FirstEntry], FailFast(), Field(min_length=1)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        check_each_once(self.cells)
        return self


def read_first_version(unpacked: Unpacked) -> list[SharedCell]:
    """Return the cells of a bundle of format version 1.

    Raises:
        ValueError: something in the bundle is not what it claims to be.
        FrontError: a front is not valid.
    """
    members = unpacked.members
    if missing := {_FRONTS, _TRUE_FRONTS, _CURVES} - set(members):
        raise ValueError(f"it is a zip file without {min(missing)}, so no bundle of results")
    entries = _Content.model_validate(unpacked.about).cells
    measured = {entry.key: entry.result for entry in entries if entry.result is not None}
    runs = [(entry.key, entry.result.members, entry.parsed.tasks) for entry in entries if entry.result is not None]
    fronts = read_fronts(members[_FRONTS], runs)
    truths = read_true_fronts(members[_TRUE_FRONTS])
    if {result.pareto_front for result in measured.values()} - {None} != set(truths):
        raise ValueError(f"{_TRUE_FRONTS} holds other true fronts than bundle.json names")
    curves = _read_curves(members[_CURVES])
    coefficients = {name: content for name, content in members.items() if name.startswith("routing/")}
    cells = []
    for entry in entries:
        finished, curve = None, curves.pop(entry.key, None)
        table = coefficients.pop(f"routing/{entry.key}.parquet", None)
        if (result := entry.result) is not None:
            record = _record(entry.parsed, result, fronts[entry.key], truths)
            finished = _finished(record, result, curve or [], table)
            check_finished(finished)
            _check_claims(finished, result)
        elif curve is not None or table is not None:
            raise ValueError(f"it holds a training curve or merge coefficients of the unfinished {entry.parsed.title}")
        cells.append(SharedCell(entry.parsed, entry.recorded_status, entry.reason, finished))
    if unknown := {*curves, *coefficients}:
        raise ValueError(f"it holds {min(unknown)}, which belongs to no cell")
    return cells


def _read_curves(content: bytes) -> dict[str, Curve]:
    """Return the training curve of every cell by its key; the first wrong one ends the reading."""
    curves = parse_json(content, _CURVES)
    if not isinstance(curves, dict):
        raise ValueError(f"{_CURVES} should be a valid dictionary of curves by cell")
    return {key: read_curve(curve) for key, curve in curves.items()}


def _record(
    cell: Cell, result: _Measured, evaluation: Evaluation, truths: Mapping[str, NDArray[np.float64]]
) -> FrontRecord:
    record = FrontRecord(
        cell=cell,
        evaluation=evaluation,
        reference_point=np.array(result.reference_point),
        pareto_front=None if result.pareto_front is None else truths[result.pareto_front],
        split=cell.split,
        environment=dict(result.environment),
        problem=result.problem,
        hypervolume_limit=result.hypervolume_limit,
        expert_errors=None if result.specialist is None else np.array(result.specialist),
        pretrained_errors=None if result.pretrained is None else np.array(result.pretrained),
    )
    if front_digest(record.evaluation) != result.digest:
        raise ValueError(f"the front of {cell.title} is not what its digest says")
    return record


def _finished(record: FrontRecord, result: _Measured, curve: Curve, table: bytes | None) -> FinishedCell:
    if (None if table is None else hashlib.sha256(table).hexdigest()) != result.routing:
        raise ValueError(f"the merge coefficients of {record.cell.title} are not what their digest says")
    return FinishedCell(
        front=record,
        costs={name: value for name, value in result.metrics.items() if not is_score(name)},
        curve=curve,
        resolved=result.resolved,
        coefficients=None if table is None else _read_coefficients(table, record.cell.title),
    )


def _read_coefficients(table: bytes, title: str) -> MergeCoefficients:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "coefficients.parquet"
        file.write_bytes(table)
        try:
            return MergeCoefficients.read(file)
        except StoreError as error:
            raise ValueError(f"the merge coefficients of {title} cannot be read") from error


def _check_claims(finished: FinishedCell, result: _Measured) -> None:
    """Check the hypervolume in both places that name it."""
    check_hypervolume(finished, result.hypervolume, result.hypervolume_error)
    if "hypervolume" in result.metrics:
        check_hypervolume(finished, result.metrics["hypervolume"], result.hypervolume_error)
