"""Reads a bundle that somebody else may have made: checked to the last number before anything of it is used."""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from ...errors import FrontrunnerError, StoreError
from ...metrics import Front
from ..cells.cell import as_one_line
from ..records.coefficients import MergeCoefficients
from ..records.evaluation import Evaluation
from ..records.front_record import FrontRecord
from ..scoring.measures import COSTS
from .comparable import incomparable
from .format import FORMAT, VERSION, Content, Entry, SharedResult, is_name, validation_message
from .tables import check_size, front_digest, read_fronts, read_pareto_fronts

TOLERANCE = 1e-9
"""Between a hypervolume recorded and computed again, relative to the larger of it and 1."""
MAX_BYTES = 4 * 10**9
"""Of everything, unpacked."""
MAX_CURVE = 20_000
MAX_COST = 1e18  # seconds, bytes or numbers: more than anybody has
"""Points of one training curve."""

# RuntimeError: an encrypted member. Arrow's errors are ValueErrors, OSErrors and the like.
_UNREADABLE = (ValueError, LookupError, TypeError, RuntimeError, EOFError, OverflowError, MemoryError)

Curve = list[dict[str, float]]


@dataclass(frozen=True)
class Bundle:
    """A bundle whose every front is valid, scores what was recorded, and is comparable with the others of its group."""

    digest: str
    """Of the file."""
    entries: tuple[Entry, ...]
    records: Mapping[str, FrontRecord]
    """Cell key -> front of a finished cell."""
    curves: Mapping[str, Curve]
    """Cell key -> training curve, where one was recorded."""
    routing: Mapping[str, bytes]
    """Cell key -> the file `routing.parquet`, where one was recorded."""


def read_bundle(file: Path) -> Bundle:
    """Read and check a bundle; nothing is written anywhere but to a temporary folder.

    Raises:
        StoreError: it cannot be read, is of another version, or holds something that is not what it says.
    """
    try:
        content = file.read_bytes()
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = _members(archive)
            about = _content(members)
            return Bundle(
                digest=hashlib.sha256(content).hexdigest(),
                entries=tuple(about.cells),
                records=_records(about, members),
                curves=_curves(about, members["curves.json"]),
                routing=_routing(about, members),
            )
    except OSError as error:
        raise StoreError(f"the bundle {file} cannot be read ({error.strerror or error})") from error
    except (FrontrunnerError, zipfile.BadZipFile, zlib.error, *_UNREADABLE) as error:
        what = "cannot be used" if isinstance(error, StoreError) else "is damaged"
        raise StoreError(f"the bundle {file} {what}: {_told(error)}; nothing was imported") from error


def _members(archive: zipfile.ZipFile) -> dict[str, bytes]:
    """Name -> content; into memory, so that no name of a member ever becomes a path."""
    infos = archive.infolist()
    if sum(info.file_size for info in infos) > MAX_BYTES:
        raise ValueError(f"it unpacks to more than {MAX_BYTES // 10**9} GB")
    if len({info.filename for info in infos}) < len(infos):
        raise ValueError("it has two files of one name")
    expected = {"bundle.json", "fronts.parquet", "pareto_fronts.parquet", "curves.json"}
    names = {info.filename for info in infos}
    if missing := expected - names:
        raise ValueError(f"it is a zip file without {min(missing)}, so no bundle of results")
    for name in sorted(names - expected):
        if not re.fullmatch(r"routing/[0-9a-f]{16}\.parquet", name):
            raise ValueError(f"it holds {name!r}, which is no part of a bundle")
    return {info.filename: archive.read(info) for info in infos}


def _content(members: Mapping[str, bytes]) -> Content:
    about = json.loads(members["bundle.json"])
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise ValueError(f"bundle.json does not say that it is a {FORMAT}")
    if about.get("version") != VERSION:
        raise StoreError(
            f"it is of format version {about.get('version')!r}, this Frontrunner reads {VERSION}; "
            "use the version that has written it, or a newer one"
        )
    return Content.model_validate(about)


def _records(about: Content, members: Mapping[str, bytes]) -> dict[str, FrontRecord]:
    finished = [(entry, entry.result) for entry in about.cells if entry.result is not None]
    fronts = read_fronts(
        members["fronts.parquet"], [(entry.key, result.members, entry.spec.tasks) for entry, result in finished]
    )
    truths = read_pareto_fronts(members["pareto_fronts.parquet"])
    used = {result.pareto_front for _, result in finished} - {None}
    if used != set(truths):
        raise ValueError("pareto_fronts.parquet holds other true fronts than bundle.json names")
    records: dict[str, FrontRecord] = {}
    of_group: dict[str, FrontRecord] = {}
    for entry, result in finished:
        truth = None if result.pareto_front is None else truths[result.pareto_front]
        records[entry.key] = record = _record(entry, result, fronts[entry.key], truth)
        _check(record, result)
        first = of_group.setdefault(record.cell.group, record)
        if difference := incomparable(first, record, ("for one", "for another")):
            raise ValueError(f"the runs of {record.cell.group} were scored in two ways: {difference}")
    return records


def _record(entry: Entry, result: SharedResult, evaluation: Evaluation, truth: Any) -> FrontRecord:
    return FrontRecord(
        cell=entry.spec,
        evaluation=evaluation,
        reference_point=np.array(result.reference_point),
        pareto_front=truth,
        split=entry.spec.split,
        environment=dict(result.environment),
        problem=result.problem,
        hypervolume_limit=result.hypervolume_limit,
        specialist=None if result.specialist is None else np.array(result.specialist),
        pretrained=None if result.pretrained is None else np.array(result.pretrained),
    )


def _check(record: FrontRecord, result: SharedResult) -> None:
    """That the front is valid, is the one that was digested, and scores what was recorded."""
    title = record.cell.title
    if front_digest(record) != result.digest:
        raise ValueError(f"the front of {title} is not what its digest says")
    if record.pareto_front is not None and Front(record.pareto_front).n_objectives != len(record.cell.tasks):
        raise ValueError(f"the true front of {title} has another number of objectives than it has tasks")
    for name, value in result.metrics.items():
        if name in COSTS and not 0 <= value <= MAX_COST:
            raise ValueError(f"the {name} of {title} is {value:g}, which nothing costs")
    volume = record.hypervolume()
    limit = record.hypervolume_limit
    if limit is not None and not 0 < limit < math.inf:
        raise ValueError(f"the hypervolume limit of {title} is {limit:g}; a volume above 0 is expected")
    allowed = TOLERANCE * max(1.0, abs(volume.value))
    if result.hypervolume_error is not None or not volume.exact:  # twice its interval: 95 % would refuse one in twenty
        allowed += 2 * (volume.error + (result.hypervolume_error or 0.0))
    if limit is not None and volume.value > 1.01 * limit + allowed:
        raise ValueError(f"the front of {title} has more hypervolume ({volume.value:.10g}) than its limit {limit:.10g}")
    recorded = {"the bundle": result.hypervolume, "its metrics": result.metrics.get("hypervolume", volume.value)}
    for where, value in recorded.items():
        if abs(value - volume.value) > allowed:
            raise ValueError(
                f"the hypervolume of {title} is {volume.value:.10g} by its front and {value:.10g} by {where}"
            )


def _curves(about: Content, content: bytes) -> dict[str, Curve]:
    curves = TypeAdapter(dict[str, Curve]).validate_python(json.loads(content))
    finished = {entry.key for entry in about.cells if entry.result is not None}
    for key, curve in curves.items():
        names = {name for point in curve for name in point}
        if key not in finished or len(curve) > MAX_CURVE:
            raise ValueError(f"curves.json holds {len(curve)} points of the cell {key}")
        if not all("step" in p and 0 <= p["step"] < 2**63 and float(p["step"]).is_integer() for p in curve):
            raise ValueError(f"the training curve of the cell {key} lacks whole steps")
        if not all(map(is_name, names)):
            raise ValueError(f"the training curve of the cell {key} has names that no metric can have")
    return curves


def _routing(about: Content, members: Mapping[str, bytes]) -> dict[str, bytes]:
    found = {}
    for entry in about.cells:
        recorded = None if entry.result is None else entry.result.routing
        content = members.get(f"routing/{entry.key}.parquet")
        if (None if content is None else hashlib.sha256(content).hexdigest()) != recorded:
            raise ValueError(f"the merge coefficients of {entry.spec.title} are not what their digest says")
        if content is not None:
            if _routed_tasks(content) != entry.spec.tasks:
                raise ValueError(f"the merge coefficients of {entry.spec.title} are not those of its tasks")
            found[entry.key] = content
    if extra := {name for name in members if name.startswith("routing/")} - {f"routing/{key}.parquet" for key in found}:
        raise ValueError(f"it holds {min(extra)}, which belongs to no cell")
    return found


def _routed_tasks(content: bytes) -> tuple[str, ...] | None:
    check_size(content)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "routing.parquet"
        file.write_bytes(content)
        try:
            return MergeCoefficients.read(file).tasks
        except StoreError:
            return None


def _told(error: BaseException) -> str:
    """In one line without control characters, which the bundle may hold."""
    text = str(error).strip()
    if isinstance(error, ValidationError):
        text = validation_message(error)
    elif not isinstance(error, FrontrunnerError):
        text = text.partition("\n")[0]
    return as_one_line(text or type(error).__name__)[:500]
