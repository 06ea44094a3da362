"""Look for everything that is wrong with a suite file, its weights and its data, before anything is trained."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from ...errors import ConfigError, FrontrunnerError
from ...yaml_file import yaml_problems
from ..datasets.data_inspection import inspect_task_data
from ..progress import Progress, silent
from .file_problem import make_problem
from .file_suite import FileSuite, suite_class
from .finite_weights import require_finite
from .loaded_model import LoadedModel, load_model
from .loaded_task import LoadedTask, load_expert, load_head_and_data
from .locations import read_model
from .measured_models import MeasuredModels, measure_models
from .reading import field as at
from .schema import PARTS, SuiteFile


@dataclass
class Inspection:
    """What was found of a suite file; complete once `inspect_suite_file` has returned it."""

    suite: type[FileSuite] | None = None
    """None where the file itself cannot be read."""
    model: LoadedModel | None = None
    """None where the pre-trained model cannot be used."""
    tasks: dict[str, LoadedTask] = field(default_factory=dict)
    """The tasks that can be used."""
    problems: list[str] = field(default_factory=list)
    """Why the suite cannot be used, one sentence each; empty where it can."""
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What was decided for the user, by task."""

    @contextlib.contextmanager
    def looking(self) -> Iterator[None]:
        """Note what is raised within as a problem, and go on."""
        try:
            yield
        except FrontrunnerError as error:
            if str(error) not in self.problems:
                self.problems.append(str(error))


def inspect_suite_file(path: Path, tasks: Sequence[str] | None = None, progress: Progress = silent) -> Inspection:
    """Return all problems of a suite file that preparing it would stop at, one after the other.

    Args:
        path: the suite file.
        tasks: which of its tasks to look at; all when None.
        progress: told how it goes.

    Raises:
        ConfigError: there is no file, or it is no YAML.
        UnknownNameError: the file has no such task.
    """
    found = Inspection()
    if path.is_file():
        found.problems += yaml_problems(path, SuiteFile, PARTS)
    if found.problems:
        return found
    try:
        suite = suite_class(path)
    except FrontrunnerError as error:
        found.problems.append(str(error))
        return found
    return inspect_file_suite(suite, tasks, progress)


def inspect_file_suite(
    suite: type[FileSuite], tasks: Sequence[str] | None = None, progress: Progress = silent
) -> Inspection:
    """Return all problems of a suite that is read from a suite file already, as `inspect_suite_file` does.

    Raises:
        UnknownNameError: the suite has no such task.
    """
    found = Inspection(suite)
    chosen = suite().choose(tasks)
    spec, base = suite.spec, suite.file.parent
    with found.looking():
        model = load_model(spec, base)
        with at("pretrained"):
            require_finite(model.pretrained, spec.pretrained, model.encoder)
        found.model = model
    for step, task in enumerate(chosen):
        progress(f"reading {task}", step, len(chosen), unit="")
        _inspect_task(found, task, spec, base, progress)
    return found


def measure_inspected(
    found: Inspection,
    split: str,
    *,
    device: torch.device,
    most: int | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> MeasuredModels:
    """Return the errors of all models of a suite file on its tasks, with warnings and notes on its data.

    Args:
        found: of a suite file without problems.
        split, most, seed, progress: as in `measure_models`.
        device: where the models run.

    Raises:
        ConfigError: the suite file has problems.
    """
    if found.suite is None or found.model is None or found.problems:
        raise ConfigError("a suite file is measured once nothing is wrong with it; check it first")
    problem = make_problem(found.suite, found.model, found.tasks, device)
    classes = {task: one.data.classes for task, one in found.tasks.items()}
    measured = measure_models(problem, split, classes=classes, most=most, seed=seed, progress=progress)
    of_data = [f"{task}: {warning}" for task, one in found.tasks.items() for warning in one.data.warnings]
    return dataclasses.replace(measured, warnings=(*measured.warnings, *of_data), notes=found.notes)


def _inspect_task(found: Inspection, task: str, spec: SuiteFile, base: Path, progress: Progress) -> None:
    """Add what is wrong with one task; what depends on something that is missing is not looked at."""
    said = spec.tasks[task]
    stored = expert = None
    is_read = False
    with found.looking(), at(f"tasks.{task}.expert"):
        stored = read_model(said.expert, base, spec.model)
        is_read = True
        if found.model is not None:
            read = load_expert(task, stored, spec, found.model)
            require_finite(read, said.expert, found.model.encoder)
            expert = read
    if found.model is None or not is_read:
        seen = inspect_task_data(task, said.data, base=base)
        found.problems += [f"tasks.{task}.data: {problem}" for problem in seen.problems]
        return
    loaded = None
    with found.looking():
        head, data = load_head_and_data(task, spec, base, found.model, stored, progress)
        found.notes[task] = tuple(note for note in data.notes if note not in data.warnings)
        if expert is not None:
            loaded = LoadedTask(expert, head, data)
    if loaded is None or found.suite is None:
        return
    with found.looking(), at(f"tasks.{task}"):
        make_problem(found.suite, found.model, {task: loaded}, torch.device("cpu"))
        found.tasks[task] = loaded
