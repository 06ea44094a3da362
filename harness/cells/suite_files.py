"""Find the suite files that a command or another file names, and register their suites."""

from __future__ import annotations

from pathlib import Path

from ...errors import ConfigError
from ...mistakes import Mistakes
from ...tasks import SUITES
from ...yaml_file import is_yaml_file
from .bench_file import BenchSpec, SuiteSpec, note_mistakes


def located(suite: SuiteSpec, folder: Path) -> SuiteSpec:
    """Return a suite with its name, its file's suite registered and the file as an absolute path.

    Args:
        suite: as it was written; returned as it is where it names no file.
        folder: where relative paths start.

    Raises:
        ConfigError: the file cannot be read, is no suite file, or its suite has another name than is given.
        DuplicateNameError: its suite has a name that is taken by another origin.
    """
    if suite.file is None:
        return suite if suite.weights is None else suite.model_copy(update={"name": _random_name(suite.name)})
    from ...tasks.suite_file.registered import load_random_suite, load_suite_file

    load = load_suite_file if suite.weights is None else load_random_suite
    found = load(folder / Path(suite.file).expanduser())
    if suite.name not in ("", found.name):
        raise ConfigError(
            f"the suite of {suite.file} is called {found.name!r}, found the name {suite.name!r} beside it; drop that"
        )
    return suite.model_copy(update={"name": found.name, "file": str(found.file)})


def _random_name(name: str) -> str:
    """Return the name under which a registered suite has its shapes with random weights."""
    from ...tasks.suite_file.random_models import SUFFIX

    known = SUITES.entries()
    if name in known and f"{name}{SUFFIX}" not in known:
        raise ConfigError(f"the suite {name!r} comes from no suite file, so it has no variant with random weights")
    return f"{name}{SUFFIX}" if name in known else name


def with_suite_files(spec: BenchSpec, folder: Path) -> BenchSpec:
    """Return a bench whose suite files are registered and named by absolute paths, see `located`.

    Raises:
        ConfigError, DuplicateNameError: as `located`; where other names or values are wrong too, all are named.
    """
    mistakes, found = Mistakes(), []
    for suite in spec.suites:
        with mistakes.noted():
            found.append(located(suite, folder))
    if mistakes.told:
        note_mistakes(mistakes, found, [one for one in spec.learners if one.method], spec.seeds)
    mistakes.raise_any()
    return spec.model_copy(update={"suites": found})


def suite_name(given: str) -> str:
    """Return the name of a suite that may be given by its file, which is registered then.

    Raises:
        ConfigError, DuplicateNameError: as `located`.
    """
    if not is_yaml_file(given):
        return given
    from ...tasks.suite_file.registered import load_suite_file

    return load_suite_file(Path(given).expanduser()).name
