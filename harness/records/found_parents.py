"""Find the benches and studies of a store by the files that their runs have, whatever its database says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..cells.cell import Cell, digest, read_cells
from .json_limits import parse_json, read_limited
from .parent_files import BENCH, CELLS, STUDY, TUNED
from .recorded_folders import RecordedFolder
from .store import ABOUT

REST = "rebuilt"
"""Name and digest of the bench of cells that no bench, import or study of a rebuilt store asks for."""


@dataclass(frozen=True)
class FoundParent:
    """The run of a bench, of an import or of a study, as its files tell it."""

    place: RecordedFolder
    kind: str
    """`bench` or `study`."""
    name: str
    digest: str
    """What identifies the bench or study among others of its kind."""
    keys: frozenset[str] = field(default_factory=frozenset)
    """Keys of the cells that a bench lists."""
    imported: bool = False
    """Whether it is of an import; its cells were run elsewhere."""
    complete: bool = False
    """Whether a study has found something."""

    @property
    def origin(self) -> str:
        """The name of the bundle that an import was of, and the beginning of its digest; empty where it is none."""
        return f"{self.name.removeprefix('imported from ')} {self.digest}" if self.imported else ""

    def asked_for(self, cell: Cell) -> bool:
        """Return whether this parent's command has asked for the cell."""
        if self.kind == "study":
            return cell.split != "test" and cell.label.startswith(f"{self.name} trial ")
        return cell.key in self.keys


def find_parents(places: Iterable[RecordedFolder]) -> list[FoundParent]:
    """Return the benches and studies that folders of runs belong to; a folder that tells of none is left out."""
    contents = [(place, found) for place in places if (found := _documents(place.folder))]
    return [parent for place, content in contents if (parent := _parent(place, content, contents)) is not None]


def _documents(folder: Path) -> dict[str, Any]:
    """Return the content of the documents of a parent run that can be read, by file name."""
    found = {}
    for name in (ABOUT, BENCH, CELLS, STUDY, TUNED):
        try:
            found[name] = parse_json(read_limited(folder / name), name)
        except (OSError, ValueError):
            continue
    return {name: content for name, content in found.items() if isinstance(content, dict)}


def _parent(
    place: RecordedFolder, content: Mapping[str, Any], others: Sequence[tuple[RecordedFolder, Mapping[str, Any]]]
) -> FoundParent | None:
    about = content.get(ABOUT, {})
    try:
        if STUDY in content:
            name = str(about.get("name") or _study_name(content))
            known = str(about.get("digest") or digest([name, content[STUDY]["settings"]]))
            return FoundParent(place, "study", name, known, complete=TUNED in content)
        if CELLS not in content:
            return None
        imported = BENCH not in content and about.get("digest") != REST
        name = str(about.get("name") or ("imported" if imported else content[BENCH]["name"]))
        keys = _keys(content)
        known = about.get("digest") or (place.run_id[:16] if imported else _bench_digest(name, content, others))
        return FoundParent(place, "bench", name, str(known), keys, imported)
    except (LookupError, TypeError, ValueError, AttributeError):  # of another version, or damaged
        return None


def _keys(content: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(cell.key for cell in read_cells(content[CELLS]))


def _bench_digest(
    name: str, content: Mapping[str, Any], others: Sequence[tuple[RecordedFolder, Mapping[str, Any]]]
) -> str:
    """Return the digest of a bench that an older version has recorded: of its cells on all of its suites."""
    same = [(place, other) for place, other in others if other.get(BENCH) == content[BENCH] and CELLS in other]
    one_each = len({place.suite for place, _ in same}) == len(same)
    keys = {key for _, other in same for key in _keys(other)} if one_each else _keys(content)
    return hashlib.sha256("/".join([name, *sorted(keys)]).encode()).hexdigest()[:16]


def _study_name(content: Mapping[str, Any]) -> str:
    """Return the name of a study that an older version has recorded."""
    if TUNED in content:
        return str(content[TUNED]["study"])
    file, tuned = content[STUDY]["file"], content[STUDY]["settings"]["learner"]
    own = json.dumps([tuned["method"], tuned["options"]], sort_keys=True)
    for learner in file["learners"]:
        if json.dumps([learner["method"], learner["options"]], sort_keys=True) == own:
            return f"{file['name']}/{learner.get('label') or learner['method']}"
    raise LookupError("no learner of the file is the study's")
