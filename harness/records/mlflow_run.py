"""Convert an attempt at a cell to the tags, parameters and metrics of its MLflow run, and back."""

from __future__ import annotations

import functools
import json
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...errors import StoreError
from ...one_line import as_one_line
from ..cells.cell import Cell
from .attempt import Attempt
from .finished_cell import FinishedCell
from .metric_names import LOWEST_ERROR
from .mlflow_tags import HOST, IMPORTED_FROM, MISFIT, PARENT, PREFIX
from .recorded_run import RecordedRun
from .shown_metrics import rounded, with_megabytes, without_megabytes
from .status import Ending, Status

PARAM_LENGTH = 6000
"""Largest number of characters that MLflow accepts in a parameter; the whole configuration is in `cell.json`."""


SPEC = f"{PREFIX}spec"
"""The tag that holds the cell as JSON; see `split`."""
TAG_LENGTH = 5000
"""Characters of a tag that every version of an MLflow server takes; today's takes 8,000."""


def split(tags: Mapping[str, str]) -> dict[str, str]:
    """Return tags in which a value that is too long for a server goes on in tags called `<name>.1`, `<name>.2`, ..."""
    found = {}
    for name, value in tags.items():
        parts = [value[start : start + TAG_LENGTH] for start in range(0, len(value), TAG_LENGTH)] or [""]
        found.update({f"{name}.{i}" if i else name: part for i, part in enumerate(parts)})
    return found


def joined(tags: Mapping[str, str], name: str) -> str:
    """Return the value of a tag, with the parts that `split` has made of it; raise LookupError where it is missing."""
    value, i = tags[name], 1
    while (part := tags.get(f"{name}.{i}")) is not None:
        value, i = value + part, i + 1
    return value


def kind_of(cell: Cell) -> str:
    """Return `cell`, or `trial` for a split other than test, whose result is kept apart from those of benchmarks."""
    return "cell" if cell.split == "test" else "trial"


def cell_params(cell: Cell) -> dict[str, object]:
    """Return the parameters of every run of a cell; a finished one also has those of `finished_params`."""
    return {
        "learner": cell.label,
        "method": cell.method,
        "method_version": cell.method_version,
        "suite": cell.suite,
        "tasks": ", ".join(cell.tasks),
        "grid": cell.grid_name,
        "points_per_edge": cell.points_per_edge,
        **({"inner_points_per_edge": cell.inner_points_per_edge} if cell.inner_points_per_edge else {}),
        "seed": cell.seed,
    }


def started_tags(cell: Cell, parent: str, imported_from: str) -> dict[str, str]:
    """Return the tags of a run that is about to start; `parent` is the id of the run above it."""
    return {
        f"{PREFIX}kind": kind_of(cell),
        f"{PREFIX}cell": cell.key,
        SPEC: json.dumps(cell.to_json()),
        f"{PREFIX}method": cell.method,
        f"{PREFIX}label": cell.label,
        f"{PREFIX}group": cell.group,
        f"{PREFIX}status": Status.RUNNING.value,
        HOST: platform.node(),
        PARENT: parent,
        **({IMPORTED_FROM: imported_from} if imported_from else {}),
    }


def ended_tags(ending: Ending) -> dict[str, str]:
    """Return the tags that say how an attempt has ended."""
    reason = {f"{PREFIX}reason": ending.reason} if ending.reason else {}
    misfit = {MISFIT: "yes"} if ending.status is Status.UNSUPPORTED and ending.repeats else {}
    return {**reason, **misfit, f"{PREFIX}status": ending.status.value}


def finished_params(finished: FinishedCell) -> dict[str, object]:
    """Return the learner's resolved options, without those whose names `cell_params` uses."""
    return {name: value for name, value in finished.resolved.items() if name not in cell_params(finished.cell)}


def finished_metrics(finished: FinishedCell) -> dict[str, float]:
    """Return the costs, memory in megabytes too, and for every task the lowest error of any member of the set."""
    lowest = finished.front.front().objectives.min(axis=0)
    best = {f"{LOWEST_ERROR}{task}": rounded(value) for task, value in zip(finished.cell.tasks, lowest, strict=True)}
    return {**with_megabytes(finished.costs), **best}


def finished_tags(digests: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of a finished cell: digests of its files, and its environment."""
    return {
        f"{PREFIX}digests": json.dumps(dict(digests)),
        **{f"{PREFIX}{name}": value for name, value in environment.items()},
    }


def read_attempt(run: RecordedRun, folder: Path, *, fetch: Callable[[str], object] | None = None) -> Attempt:
    """Return the attempt that a run records.

    Args:
        run: the run.
        folder: holds the run's files.
        fetch: brings a file into the folder where it is on a server, see `Attempt.fetch`.

    Raises:
        StoreError: the tags of the run are missing or damaged.
    """
    tags = run.tags
    try:
        return Attempt(
            run_id=run.run_id,
            experiment_id=run.experiment_id,
            cell=_cell(joined(tags, SPEC), tags[f"{PREFIX}cell"]),
            status=Status(tags[f"{PREFIX}status"]),
            reason=as_one_line(tags.get(f"{PREFIX}reason", "")),
            metrics=without_megabytes(run.metrics),
            reference=tags.get(f"{PREFIX}reference_front"),
            folder=folder,
            digests=json.loads(tags.get(f"{PREFIX}digests", "{}")),
            tags=tags,
            fetch=fetch,
        )
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise StoreError(
            f"the tags of run {run.run_id} of {run.experiment} are not what was recorded ({type(error).__name__}: "
            f"{error}); mend them or delete the run in MLflow"
        ) from error


@functools.lru_cache(maxsize=50_000)
def _cell(spec: str, key: str) -> Cell:
    """Parse a recorded cell; cached, since every read of the store parses the same cells."""
    content: dict[str, Any] = json.loads(spec)
    return Cell.from_json(content, key)
