"""A cell: one learner on one suite with one seed, the unit that is run, resumed and recorded."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...metrics import layered_grid, layered_grid_size, simplex_grid, simplex_grid_size

MAX_CELL_CHARACTERS = 50_000
"""The most characters of a cell as JSON, which is kept with its run and in the list of every bench that asks for it."""
MAX_POINTS = 20_000
"""The most points of a recorded front, and so preferences of a grid: each costs an evaluation of a model, and the
hypervolume of so many points of up to five objectives a second, of more a minute."""

SOURCES = ("method_source", "suite_source")
"""Fields of a cell that are digests of what a user may edit."""
_LATER_FIELDS = (*SOURCES, "inner_points_per_edge")
SHOWN_DIGITS = 7
"""Digits of a digest that people are shown."""

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
    method_source: str = ""
    """Digest of the source of a plugin's method; empty for a method that ships with Frontrunner."""
    suite_source: str = ""
    """Digest of what decides a suite's problem beside its version: a plugin's source, a suite file with its weights
    and data. Empty for a suite that ships with Frontrunner and reads no file of the user's."""
    inner_points_per_edge: int = 0
    """Points along each edge of the grid's inner layer, see `layered_grid`; 0 where the grid is one lattice."""

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
        source = [self.method_source] if self.method_source else []
        return digest([self.method, self.method_version, dict(self.options), *source])

    @functools.cached_property
    def group(self) -> str:
        """A text that comparable cells share: it names suite, version, tasks, preference grid and split."""
        where = "" if self.split == "test" else f", {self.split} split"
        # Two grids of layers may have as many preferences: their layers tell them apart.
        layers = f" in {self.layers}" if self.layers else ""
        tasks = ", ".join(self.tasks)
        grid = f"grid of {self.n_preferences} preference{'' if self.n_preferences == 1 else 's'}"
        return f"{self.suite} v{self.suite_state}: {tasks} ({grid}{layers}{where})"

    def preferences(self) -> NDArray[np.float64]:
        """Return the grid of preferences that the set is evaluated at, shape (n_preferences, T)."""
        if self.inner_points_per_edge:
            return layered_grid(len(self.tasks), self.points_per_edge, self.inner_points_per_edge)
        return simplex_grid(len(self.tasks), self.points_per_edge)

    @functools.cached_property
    def n_preferences(self) -> int:
        """The number of preferences of the grid, which is not made for it."""
        if self.inner_points_per_edge:
            return layered_grid_size(len(self.tasks), self.points_per_edge, self.inner_points_per_edge)
        return simplex_grid_size(len(self.tasks), self.points_per_edge)

    @property
    def layers(self) -> str:
        """The layers of the grid in words; empty where it is one lattice."""
        if not self.inner_points_per_edge:
            return ""
        return f"layers of {self.points_per_edge} and {self.inner_points_per_edge} points per edge"

    @property
    def grid_name(self) -> str:
        """The grid's kind and points per edge, which decide it: `simplex-11`, `layered-4-4`. Should the rule of a kind
        ever change, the new rule is a kind of its own."""
        if not self.inner_points_per_edge:
            return f"simplex-{self.points_per_edge}"
        return f"layered-{self.points_per_edge}-{self.inner_points_per_edge}"

    @property
    def suite_state(self) -> str:
        """The suite's version, with the first digits of the digest of its files where it has one."""
        return f"{self.suite_version} [{self.suite_source[:SHOWN_DIGITS]}]" if self.suite_source else self.suite_version

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
        for name in _LATER_FIELDS:
            if not values[name]:
                del values[name]  # keys and files of such cells stay those of before there were these fields
        return {**values, "options": dict(self.options), "tasks": list(self.tasks)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any], key: str | None = None) -> Cell:
        """Return the cell that `to_json` described; a recorded `key` saves computing it, which takes longest."""
        cell = cls(**{**content, "tasks": tuple(content["tasks"])})
        if key is not None:
            vars(cell)["key"] = key  # the cached property reads it from there
        return cell


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
