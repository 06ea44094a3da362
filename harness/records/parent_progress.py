"""Count how the cells of the last benches and studies of a store stand, without reading one of them."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..cells.cell import read_cells
from .json_limits import parse_json, read_limited
from .mlflow_tags import PARENT, PREFIX
from .parent_files import CELLS
from .recorded_run import RecordedRun
from .status import Status
from .store_reader import StoreReader

NOT_RUN = "not run yet"


@dataclass(frozen=True)
class ParentProgress:
    """A bench, an import or a study on one suite, and how its cells stand now."""

    kind: str
    """`bench` or `study`."""
    name: str
    suite: str
    run_id: str
    n_cells: int | None
    """Cells that a bench lists; None for a study, whose trials choose their cells."""
    by_status: Mapping[str, int]
    """How many cells have which status: that of a finished attempt, else that of the last; `NOT_RUN` without one."""

    @property
    def n_finished(self) -> int:
        """Cells that have a result."""
        return self.by_status.get(Status.FINISHED.value, 0)

    def as_json(self) -> dict[str, Any]:
        """Return all fields as JSON values; what is not known is absent."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value is not None}


def last_parents(store: StoreReader, n: int) -> list[ParentProgress]:
    """Return the `n` benches and the `n` studies whose cells were begun last, on each of their suites; the last first.

    Raises:
        StoreError: the store cannot be read.
    """
    if n == 0:
        return []
    statuses: dict[str, str] = {}
    begun: dict[str, int] = {}
    of_parent: dict[str, set[str]] = {}
    for kind in ("trial", "cell"):
        for place, run in enumerate(store.runs("kind", kind)):
            key, status = run.tags.get(f"{PREFIX}cell", ""), run.tags.get(f"{PREFIX}status", "")
            if status == Status.RUNNING and not store.is_running_cell(key, run.tags):
                status = Status.KILLED.value
            if statuses.get(key) != Status.FINISHED:
                statuses[key] = status
            parent = run.tags.get(PARENT, "")
            begun[parent] = place
            of_parent.setdefault(parent, set()).add(key)
    chosen = [(kind, run) for kind in ("bench", "study") for run in _last_of_kind(store, kind, n, begun)]
    lists = iter(_lists(store, [run for kind, run in chosen if kind == "bench"]))
    found = []
    for kind, run in chosen:
        listed = next(lists) if kind == "bench" else None
        keys = of_parent.get(run.run_id, set()) if listed is None else listed
        counted = Counter(statuses.get(key, NOT_RUN) for key in keys)
        name = run.tags.get("mlflow.runName", "")
        n_cells = None if listed is None else len(listed)
        found.append(
            ParentProgress(kind, name, run.suite, run.run_id, n_cells, dict(sorted(counted.items(), key=_order)))
        )
    return found


def _order(counted: tuple[str, int]) -> tuple[bool, int, str]:
    """Put finished cells first, then what there is most of."""
    status, n = counted
    return status != Status.FINISHED, -n, status


def _last_of_kind(store: StoreReader, kind: str, n: int, begun: Mapping[str, int]) -> list[RecordedRun]:
    """Return the runs of the last `n` benches or studies, each of which may have several: one a suite.

    Args:
        store: the store.
        kind: `bench` or `study`.
        n: how many.
        begun: the place of a run's last cell among all cells, by the run's id.
    """
    runs = sorted(store.runs("kind", kind), key=lambda run: begun.get(run.run_id, -1), reverse=True)
    last = list(dict.fromkeys(run.tags.get(f"{PREFIX}{kind}", run.run_id) for run in runs))[:n]
    return sorted(
        (run for run in runs if run.tags.get(f"{PREFIX}{kind}", run.run_id) in last),
        key=lambda run: last.index(run.tags.get(f"{PREFIX}{kind}", run.run_id)),
    )


def _lists(store: StoreReader, runs: Sequence[RecordedRun]) -> list[set[str] | None]:
    """Return the keys of the cells that each bench lists, see `_listed`."""
    return [_listed(file) for file in store.document_files(runs, CELLS)]


def _listed(file: Path) -> set[str] | None:
    """Return the keys of the cells in a bench's list; None where that is lost.

    Those of version 0.1.0 have no keys, so that its cells are read for theirs.
    """
    try:
        content = parse_json(read_limited(file), CELLS)
        return set(content["keys"]) if "keys" in content else {cell.key for cell in read_cells(content)}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
