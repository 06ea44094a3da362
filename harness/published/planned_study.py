"""Hold a bench against the tables that its file names before it runs, on its own suites or on another."""

from __future__ import annotations

from pathlib import Path

from ..cells.bench_file import BenchSpec
from ..cells.other_suite import at_steps, on_other_suite
from .study import PublishedStudy


def planned_study(
    written: BenchSpec, folder: Path, *, suite: str | None = None, steps: int | None = None
) -> PublishedStudy:
    """Return a bench with its published tables, on another suite or for other steps where these are given.

    Args:
        written: the bench of a file, with its suite files registered.
        folder: where relative paths of tables start.
        suite: name or file of the suite to run in the place of the bench's.
        steps: optimizer steps of every training, in the place of the bench's and the suite's.

    Raises:
        ConfigError, UnknownNameError: a table, the suite or the steps cannot be used.
    """
    other = None if suite is None else on_other_suite(written, suite)
    run = written if other is None else other.spec
    if steps is not None:
        run = at_steps(run, steps)
    return PublishedStudy.read(written, run, folder, None if other is None else other.in_place_of)
