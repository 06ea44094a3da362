"""Measure the models of a suite that a command names: of a suite file, or registered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from rich.markup import escape

from ...errors import ConfigError
from ...tasks import SUITES, load_problem
from ...tasks.progress import Progress
from ...tasks.seeds import as_seed
from ...tasks.suite_file.file_suite import FileSuite
from ...tasks.suite_file.inspection import Inspection, inspect_file_suite, inspect_suite_file, measure_inspected
from ...tasks.suite_file.measured_models import MeasuredModels, measure_models
from ...yaml_file import is_yaml_file
from ..cells.environment import resolve_devices
from .console import open_console


def measured_suite(
    given: str,
    tasks: Sequence[str] | None,
    split: str,
    *,
    device: str,
    most: int | None,
    seed: int,
    progress: Progress,
) -> MeasuredModels:
    """Return the errors of all models of a suite on all its tasks, with warnings.

    Args:
        given: a suite file, or the name of a suite.
        tasks: which of its tasks; all when None.
        split, most, progress: as in `measure_models`.
        device: one device, or `auto`.
        seed: decides what the suite and the measuring draw at random.

    Raises:
        FrontrunnerError: something is wrong with the suite; what is wrong with a suite file is all printed first.
    """
    as_seed(seed)
    where, *others = resolve_devices(device)
    if others and device != "auto":
        raise ConfigError(f"a suite is checked on one device, found --device {device}; name one of them")
    on = torch.device(where)
    registered = SUITES.entries()
    if is_yaml_file(given) or (given not in registered and Path(given).exists()):
        inspection = inspect_suite_file(Path(given), tasks, progress)
    else:
        suite = SUITES.get(given)
        if not issubclass(suite, FileSuite):
            problem = load_problem(given, tasks, device=on, seed=seed, progress=progress)
            return measure_models(problem, split, most=most, seed=seed, progress=progress)
        inspection = inspect_file_suite(suite, tasks, progress)
    _require_sound(given, inspection)
    return measure_inspected(inspection, split, device=on, most=most, seed=seed, progress=progress)


def _require_sound(given: str, inspection: Inspection) -> None:
    """Raise ConfigError where a suite file has problems; where there are several, all are printed first."""
    problems = inspection.problems
    if len(problems) > 1:
        console = open_console()
        for problem in problems:
            console.print(f"[red]✗[/] {escape(problem)}", highlight=False, soft_wrap=True)
        raise ConfigError(f"{given} has {len(problems)} problems; mend them and check it again")
    if problems:
        own = problems[0].startswith((given, str(Path(given).resolve())))
        raise ConfigError(problems[0] if own else f"{given}: {problems[0]}")
