"""Make cells from what users write, after checking all of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError
from .cell import MAX_CELL_CHARACTERS, MAX_POINTS, Cell
from .line import checked_line, folded

if TYPE_CHECKING:  # imports torch
    from ...methods import Learner


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
    """Return a cell made from names and options, after checking all of them; its grid is one lattice.

    Args:
        method, suite, tasks, options: as users write them; every task of the suite when `tasks` is None.
        seed: decides the suite's preparation, the learner and everything random in between; in [0, 2^63).
        points_per_edge: points along each edge of the preference grid; `default_grid` when None.
        label: the learner's name in reports; its method and changed options when None.
        split: the split that the front is evaluated on.

    Raises:
        UnknownNameError, ConfigError: a name or value is not known or not allowed.
    """
    return cell_on(
        choose_suite(suite, tasks),
        method,
        seed=seed,
        options=options,
        points_per_edge=points_per_edge,
        label=label,
        split=split,
    )


@dataclass(frozen=True)
class ChosenSuite:
    """A suite with the tasks of it that are used, in the state in which its files are now."""

    name: str
    version: str
    tasks: tuple[str, ...]
    source: str
    """See `Cell.suite_source`."""


def choose_suite(suite: str, tasks: Sequence[str] | None) -> ChosenSuite:
    """Return a suite with some of its tasks, or all, after checking both.

    Raises:
        UnknownNameError, ConfigError: the suite or a task is not known, or cannot be recorded.
        FrontrunnerError: a file that the suite reads is missing or cannot be used.
    """
    from ...tasks import SUITES
    from .sources import suite_source

    found = SUITES.get(suite)()
    chosen = found.choose(tasks)
    return ChosenSuite(suite, found.version, chosen, suite_source(suite, chosen))


def cell_on(
    suite: ChosenSuite,
    method: str,
    *,
    seed: int,
    options: Mapping[str, Any],
    points_per_edge: int | None,
    inner_points_per_edge: int | None = None,
    label: str | None = None,
    split: str = "test",
) -> Cell:
    """Return a cell on a suite that was chosen before.

    Args:
        inner_points_per_edge: points along each edge of the grid's inner layer; 0 for none. None stands for 0 where
            `points_per_edge` is given, else for the inner layer of `default_grid`.
        method, seed, options, points_per_edge, label, split: as in `make_cell`.
    """
    from ...methods import make_learner, recorded_options
    from ...tasks.seeds import as_seed
    from .sources import method_source

    learner = make_learner(method, **options)
    as_seed(seed)
    points, inner = default_grid(len(suite.tasks))
    if points_per_edge is not None:
        points, inner = points_per_edge, 0
    if inner_points_per_edge is not None:
        inner = inner_points_per_edge
    cell = Cell(
        method=method,
        method_version=learner.version,
        options=recorded_options(learner.config),
        suite=suite.name,
        suite_version=suite.version,
        tasks=suite.tasks,
        seed=seed,
        points_per_edge=points,
        label=checked_line(folded(label or _describe(method, learner)), longest=None),
        split=split,
        method_source=method_source(method),
        suite_source=suite.source,
        inner_points_per_edge=inner,
    )
    check_grid(cell)
    if (length := len(json.dumps(cell.to_json()))) > MAX_CELL_CHARACTERS:
        raise ConfigError(
            f"the learner {cell.method!r} and its options may take {MAX_CELL_CHARACTERS:,} characters as JSON, "
            f"found {length:,}"
        )
    return cell


def check_grid(cell: Cell) -> None:
    """Refuse a grid of preferences whose front could not be recorded.

    Raises:
        ConfigError: no point on an edge, fewer than two on that of a layer, or more than `MAX_POINTS` in all.
    """
    inner = cell.inner_points_per_edge
    if inner < 0 or inner == 1:
        raise ConfigError(f"inner_points_per_edge is an integer of 2 or more, or 0 for no inner layer; found {inner}")
    if cell.n_preferences > MAX_POINTS:  # raises where an edge has too few points
        made = cell.layers or f"{cell.points_per_edge:,} points per edge"
        raise ConfigError(
            f"a front is recorded of {MAX_POINTS:,} preferences at most; {made} of {len(cell.tasks)} tasks make "
            f"{cell.n_preferences:,}, lower points_per_edge{' or inner_points_per_edge' if inner else ''}"
        )


def default_grid(n_tasks: int) -> tuple[int, int]:
    """Return the points along each edge of the two layers of the grid that is used by default; 0 for no inner layer.

    From two tasks on, half of the preferences or more weigh every task, and one weighs all alike: a front is judged by
    its compromises as much as by its edges. There are 11 preferences for two tasks, then 19, 21, 21, 28, 36 and 45 for
    three to eight; more tasks have two corners of layers each, and the centre.
    """
    if n_tasks > 8:
        return 2, 2
    return {1: (2, 0), 2: (11, 0), 3: (4, 4), 4: (3, 3)}.get(n_tasks, (2, 3))


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
