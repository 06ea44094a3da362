"""A cell: one learner on one suite with one seed, the unit that is run, resumed and recorded."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError
from ...metrics import simplex_grid

if TYPE_CHECKING:  # torch is imported where a cell is run; what is recorded is read without it
    from ...methods import Learner


@dataclass(frozen=True)
class Cell:
    """What decides a result; on one machine two cells with the same key give the same front."""

    method: str
    method_version: str
    options: Mapping[str, Any]
    """Every option of the learner with its value, defaults included."""
    suite: str
    suite_version: str
    tasks: tuple[str, ...]
    seed: int
    points_per_edge: int
    """Of the preference grid the set is asked for."""
    label: str = dataclasses.field(compare=False)
    """The learner's name for people; decides nothing."""
    split: str = "test"
    """That the front is evaluated on; tuning looks at val."""

    @functools.cached_property
    def key(self) -> str:
        """Digest of the canonical configuration, the versions and the seed."""
        content = self.to_json()
        del content["label"]
        if self.split == "test":
            del content["split"]  # as before there was another
        return digest(content)

    @functools.cached_property
    def learner_key(self) -> str:
        """Digest of the method, its version and options: cells that share it are one row of a leaderboard."""
        return digest([self.method, self.method_version, dict(self.options)])

    @functools.cached_property
    def group(self) -> str:
        """Cells with the same group are comparable: same suite and version, tasks, preference grid and split."""
        n_preferences = math.comb(self.points_per_edge + len(self.tasks) - 2, len(self.tasks) - 1)
        where = "" if self.split == "test" else f", {self.split} split"
        tasks = ", ".join(self.tasks)
        return f"{self.suite} v{self.suite_version}: {tasks} (grid of {n_preferences} preferences{where})"

    @property
    def title(self) -> str:
        """For headings: learner, suite and seed."""
        return f"{self.label} on {self.suite}, seed {self.seed}"

    def learner(self) -> Learner:
        """The configured learner."""
        from ...methods import make_learner

        return make_learner(self.method, **self.options)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {**values, "options": dict(self.options), "tasks": list(self.tasks)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any], key: str | None = None) -> Cell:
        """Inverse of `to_json`; with its key where that was recorded beside, since to compute it takes longest."""
        cell = cls(**{**content, "tasks": tuple(content["tasks"])})
        if key is not None:
            vars(cell)["key"] = key  # where the cached property keeps it
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
    """A cell from names and options, all of them checked.

    Args:
        method, suite, tasks, options: as users write them; every task when None.
        seed: of the suite's preparation, the learner and everything random in between.
        points_per_edge: of the preference grid; `default_points_per_edge` when None.
        label: the learner's name for people; method and changed options when None.
        split: that the front is evaluated on.

    Raises:
        UnknownNameError, ConfigError: a name or value that is not known; nothing has been started.
    """
    from ...methods import make_learner
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
    simplex_grid(len(chosen), points)  # refuses a lattice that is too small or too large
    return Cell(
        method=method,
        method_version=learner.version,
        options=dataclasses.asdict(learner.config),
        suite=suite,
        suite_version=found.version,
        tasks=chosen,
        seed=seed,
        points_per_edge=points,
        label=_checked_label(label or _describe(method, learner)),
        split=split,
    )


def is_one_line(text: str) -> bool:
    """Whether a terminal shows a text as it is: no line breaks, control characters or changes of direction."""
    return not any(
        unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(letter) in _TURNS
        for letter in text
    )


def as_one_line(text: str) -> str:
    """A text with a space for whatever `is_one_line` refuses."""
    return "".join(letter if is_one_line(letter) else " " for letter in text)


_TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
"""Invisible letters after which text is shown in another direction."""


def _checked_label(label: str) -> str:
    """With single spaces; ConfigError for what a terminal would obey instead of showing it."""
    folded = " ".join(label.split())
    if not folded or not is_one_line(folded):
        raise ConfigError(f"a label is one line of text without control characters, found {label!r}")
    return folded


def default_points_per_edge(n_tasks: int) -> int:
    """Makes a lattice of a few dozen preferences: 11 for two tasks, 21 for three, 20 for four, 15 for five."""
    return {2: 11, 3: 6, 4: 4}.get(n_tasks, 3)


def _describe(method: str, learner: Learner) -> str:
    """The method's name with the options that differ from their defaults."""
    changed = [
        f"{field.name}={getattr(learner.config, field.name)}"
        for field in dataclasses.fields(learner.config)
        if getattr(learner.config, field.name) != field.default
    ]
    return f"{method} ({', '.join(changed)})" if changed else method


def cells_document(cells: Iterable[Cell]) -> dict[str, Any]:
    """Cells as a parent run keeps them in `cells.json`: what a bench has asked for."""
    listed = list(cells)
    return {"cells": [cell.to_json() for cell in listed], "keys": [cell.key for cell in listed]}


def read_cells(document: Mapping[str, Any]) -> list[Cell]:
    """Inverse of `cells_document`; older documents have no keys."""
    keys = document.get("keys", [None] * len(document["cells"]))
    return [Cell.from_json(content, key) for content, key in zip(document["cells"], keys, strict=True)]


def digest(content: object) -> str:
    """Short, of JSON values."""
    return hashlib.sha256(_CANONICAL.encode(content).encode()).hexdigest()[:16]


_CANONICAL = json.JSONEncoder(sort_keys=True)
