"""A cell: one learner on one suite with one seed, the unit that is run, resumed and recorded."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError
from ...metrics import simplex_grid
from .line import checked_line, folded

MAX_CELL_CHARACTERS = 50_000
"""The most characters of a cell as JSON, which is kept with its run and in the list of every bench that asks for it."""
MAX_POINTS = 20_000
"""The most points of a recorded front, and so preferences of a grid: each costs an evaluation of a model, and the
hypervolume of so many points of up to five objectives a second, of more a minute."""

if TYPE_CHECKING:  # imports torch, which reading recorded cells does not need
    from ...methods import Learner


@dataclass(frozen=True)
class Cell:
    """Everything that decides a result: on one machine, two cells with the same key give the same front."""

    method: str
    method_version: str
    options: Mapping[str, Any]
    """Every option of the learner with its value, defaults included."""
    suite: str
    suite_version: str
    tasks: tuple[str, ...]
    seed: int
    points_per_edge: int
    """Points along each edge of the grid of preferences that the set is evaluated at."""
    label: str = dataclasses.field(compare=False)
    """The learner's name in reports; it is not part of the key."""
    split: str = "test"
    """The split that the front is evaluated on; tuning uses `val`."""

    @functools.cached_property
    def key(self) -> str:
        """The digest of the cell's configuration, versions and seed."""
        content = self.to_json()
        del content["label"]
        if self.split == "test":
            del content["split"]  # keys of test cells stay those of before `split` was a field
        return digest(content)

    @functools.cached_property
    def learner_key(self) -> str:
        """The digest of the method, its version and options; cells that share it form one row of a leaderboard."""
        return digest([self.method, self.method_version, dict(self.options)])

    @functools.cached_property
    def group(self) -> str:
        """A text that comparable cells share: it names suite, version, tasks, preference grid and split."""
        n_preferences = math.comb(self.points_per_edge + len(self.tasks) - 2, len(self.tasks) - 1)
        where = "" if self.split == "test" else f", {self.split} split"
        tasks = ", ".join(self.tasks)
        return f"{self.suite} v{self.suite_version}: {tasks} (grid of {n_preferences} preferences{where})"

    @property
    def title(self) -> str:
        """The cell's learner, suite and seed, as headings show them."""
        return f"{self.label} on {self.suite}, seed {self.seed}"

    def learner(self) -> Learner:
        """Return the configured learner."""
        from ...methods import make_learner

        return make_learner(self.method, **self.options)

    def to_json(self) -> dict[str, Any]:
        """Return the cell's fields as JSON values."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {**values, "options": dict(self.options), "tasks": list(self.tasks)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any], key: str | None = None) -> Cell:
        """Return the cell that `to_json` described; a recorded `key` saves computing it, which takes longest."""
        cell = cls(**{**content, "tasks": tuple(content["tasks"])})
        if key is not None:
            vars(cell)["key"] = key  # the cached property reads it from there
        return cell


def make_cell(
    method: str,
    suite: str,
    *,
    tasks: Sequence[str] | None,
    seed: int,
    options: Mapping[str, Any],
    points_per_edge: int | None,
    label: str | None = None,
    split: str = "test",
) -> Cell:
    """Return a cell made from names and options, after checking all of them.

    Args:
        method, suite, tasks, options: as users write them; every task of the suite when `tasks` is None.
        seed: decides the suite's preparation, the learner and everything random in between; in [0, 2^63).
        points_per_edge: points along each edge of the preference grid; `default_points_per_edge` when None.
        label: the learner's name in reports; its method and changed options when None.
        split: the split that the front is evaluated on.

    Raises:
        UnknownNameError, ConfigError: a name or value is not known or not allowed.
    """
    from ...methods import make_learner, recorded_options
    from ...tasks import SUITES

    learner = make_learner(method, **options)
    found = SUITES.get(suite)()
    chosen = found.choose(tasks)
    for task in chosen:
        if not re.fullmatch(r"[\w\-. ]+", task):
            raise ConfigError(f"task names become metric names: letters, digits, spaces and _-. only, found {task!r}")
    if not 0 <= seed < 2**63:
        raise ConfigError(f"a seed must be 0 or more and below 2^63, found {seed}")
    points = default_points_per_edge(len(chosen)) if points_per_edge is None else points_per_edge
    check_grid(len(chosen), points)
    cell = Cell(
        method=method,
        method_version=learner.version,
        options=recorded_options(learner.config),
        suite=suite,
        suite_version=found.version,
        tasks=chosen,
        seed=seed,
        points_per_edge=points,
        label=checked_line(folded(label or _describe(method, learner)), longest=None),
        split=split,
    )
    if (length := len(json.dumps(cell.to_json()))) > MAX_CELL_CHARACTERS:
        raise ConfigError(
            f"the learner {cell.method!r} and its options may take {MAX_CELL_CHARACTERS:,} characters as JSON, "
            f"found {length:,}"
        )
    return cell


def check_grid(n_tasks: int, points_per_edge: int) -> None:
    """Refuse a grid of preferences whose front could not be recorded.

    Raises:
        ConfigError: fewer than two points on an edge, or more than `MAX_POINTS` in all.
    """
    n_preferences = math.comb(points_per_edge + n_tasks - 2, n_tasks - 1) if points_per_edge > 1 else 0
    if n_preferences > MAX_POINTS:
        raise ConfigError(
            f"a front is recorded of {MAX_POINTS:,} preferences at most; {points_per_edge:,} points per edge of "
            f"{n_tasks} tasks make {n_preferences:,}, lower points_per_edge"
        )
    simplex_grid(n_tasks, points_per_edge)  # raises where it has no step


def default_points_per_edge(n_tasks: int) -> int:
    """Return the points along each edge of a grid of a few dozen preferences.

    The grid has 11 preferences for two tasks, 21 for three, 20 for four, 15 for five.
    """
    return {2: 11, 3: 6, 4: 4}.get(n_tasks, 3)


def _describe(method: str, learner: Learner) -> str:
    """Return the method's name with the options that differ from their defaults."""
    from ...methods import recorded_options

    options = recorded_options(learner.config)
    try:
        defaults = recorded_options(type(learner)().config)
    except ConfigError:  # an option has none
        defaults = {}
    changed = [f"{name}={value}" for name, value in options.items() if name not in defaults or defaults[name] != value]
    return f"{method} ({', '.join(changed)})" if changed else method


def cells_document(cells: Iterable[Cell]) -> dict[str, Any]:
    """Return a bench's cells as JSON values, as its parent run keeps them in `cells.json`."""
    listed = list(cells)
    return {"cells": [cell.to_json() for cell in listed], "keys": [cell.key for cell in listed]}


def read_cells(document: Mapping[str, Any]) -> list[Cell]:
    """Return the cells that a document of `cells_document` lists; older documents have no keys."""
    keys = document.get("keys", [None] * len(document["cells"]))
    return [Cell.from_json(content, key) for content, key in zip(document["cells"], keys, strict=True)]


def digest(content: object) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of JSON values."""
    return hashlib.sha256(_CANONICAL.encode(content).encode()).hexdigest()[:16]


_CANONICAL = json.JSONEncoder(sort_keys=True)
