"""Make the bench of a single cell: one method on one suite with one seed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import ConfigError
from ...one_line import as_one_line
from ...yaml_file import fitted
from ..cells.bench_file import BenchSpec, LearnerSpec, SuiteSpec
from ..cells.line import MAX_LINE
from ..cells.suite_files import located


def single_cell(
    method: str, suite: str, where: Mapping[str, Any], *, seed: int, options: Mapping[str, Any]
) -> BenchSpec:
    """Return the bench of one cell, with the same name wherever it is asked for.

    Args:
        method: the method's name.
        suite: a suite's name, or a suite file, which is registered then; relative paths start at the working directory.
        where: further fields of `SuiteSpec`, such as `tasks`.
        seed, options: as in a bench file.

    Raises:
        ConfigError: a name is empty, or the suite file cannot be read.
    """
    from ...tasks.seeds import as_seed

    for what, given in (("method", method), ("suite or a suite file", suite)):
        name: object = given  # a script may pass anything
        if not isinstance(name, str) or not name:
            found = repr(name) if name else "none"
            raise ConfigError(f"the name of a {what} is expected, found {found}; `frontrunner list` shows all")
    on = located(fitted({"name": suite, **where}, SuiteSpec), Path())
    return BenchSpec(
        name=as_one_line(f"{method} on {on.name}")[:MAX_LINE],
        suites=[on],
        learners=[LearnerSpec(method=method, options=dict(options))],
        seeds=[as_seed(seed)],
    )
