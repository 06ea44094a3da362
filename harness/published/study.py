"""A bench with its published tables: which of its suites each row belongs to, and what is run in that suite's place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import ConfigError, UnknownNameError
from ...tasks.suite_file.random_models import SUFFIX
from ..cells.bench_file import BenchSpec, SuiteSpec
from ..cells.other_suite import tasks_of
from .table_file import PublishedTable, RowSpec, read_tables


@dataclass(frozen=True)
class Place:
    """Where the results lie that stand beside a row."""

    suite: str
    """The name of the suite that was run."""
    tasks: tuple[str, ...]
    """Its tasks, in the order of the objectives."""
    in_place_of: Mapping[str, str]
    """The tasks that were run by the published ones; those that fell away are absent."""
    same_data: bool
    """Whether the suite is the one that the bench file names, with its own weights."""


@dataclass(frozen=True)
class PublishedStudy:
    """A bench as it was written and as it is run, with the tables that its file names."""

    written: BenchSpec
    """The bench of the file, with its suites by name."""
    run: BenchSpec
    """The bench that is run, with one suite for each of the written ones, perhaps another."""
    tables: Mapping[str, PublishedTable]
    """The published tables by name."""
    in_place_of: Mapping[str, str] | None = None
    """The tasks that are run by the written ones, see `OtherSuite`; None where they are the same."""

    @classmethod
    def read(
        cls, written: BenchSpec, run: BenchSpec, folder: Path, in_place_of: Mapping[str, str] | None = None
    ) -> PublishedStudy:
        """Read the tables that a bench names and hold them against it, before anything is run.

        Args:
            written, run, in_place_of: the fields of these names.
            folder: where the tables' relative paths start.

        Raises:
            ConfigError, UnknownNameError: a table cannot be read, or a row of it belongs to no learner or suite of the
                bench.
        """
        study = cls(written, run, read_tables(written.tables, folder), in_place_of)
        if study.tables and run.budgets is not None and len(run.budgets.amounts) > 1:
            raise ConfigError("a bench with tables runs its learners at one budget, so that each has one result a row")
        for name, table in study.tables.items():
            for row in table.rows:
                study.place(name, row)
                study._check_learner(name, row)
        return study

    def place(self, name: str, row: RowSpec) -> Place:
        """Return where the results lie that stand beside a row of a table.

        Raises:
            ConfigError: none of the bench's suites, or several, can be that of the row.
        """
        tasks = self.tables[name].tasks
        found = [i for i, suite in enumerate(self.written.suites) if _is_of(row, tasks, suite)]
        if len(found) != 1:
            wanted = [f"suite {row.suite}"] if row.suite is not None else []
            wanted += [f"{row.n_tasks} tasks"] if row.n_tasks is not None else []
            wanted += [f"the tasks {', '.join(tasks)}"] if tasks else []
            counted = "none has that" if not found else f"{len(found)} have that"
            raise ConfigError(
                f"table {name}: the row {row.method!r} belongs to one suite of the bench"
                f"{', with ' if wanted else ''}{' and '.join(wanted)}; {counted}"
            )
        return self.place_of(found[0])

    def place_of(self, position: int) -> Place:
        """Return where the results of the bench's suite at a position lie."""
        written, run = self.written.suites[position], self.run.suites[position]
        pairs = {task: task for task in tasks_of(written)} if self.in_place_of is None else self.in_place_of
        same_data = (written.name, written.file) == (run.name, run.file) and run.weights is None
        mine = {task: pairs[task] for task in tasks_of(written) if task in pairs}
        return Place(run.name, tuple(tasks_of(run)), mine, same_data)

    @property
    def places(self) -> list[Place]:
        """The places of all suites, each once."""
        found = {(one.suite, one.tasks): one for one in map(self.place_of, range(len(self.run.suites)))}
        return list(found.values())

    def _check_learner(self, name: str, row: RowSpec) -> None:
        known = [one.called for one in self.run.learners if one.label or not one.options]
        if row.learner is not None and row.learner not in known:
            raise UnknownNameError(f"label, named by the row {row.method!r} of table {name},", row.learner, known)


def _is_of(row: RowSpec, tasks: Sequence[str], suite: SuiteSpec) -> bool:
    own = tasks_of(suite)
    return (
        (row.suite is None or row.suite == (suite.name.removesuffix(SUFFIX) if suite.weights else suite.name))
        and (row.n_tasks is None or len(own) == row.n_tasks)
        and set(tasks) <= set(own)
    )
