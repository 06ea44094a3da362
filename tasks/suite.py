"""The base of suites, which are named, versioned sets of tasks with one backbone, and the registry of suites."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import ClassVar

import torch
from torch import nn

from ..errors import ConfigError, UnknownNameError
from ..one_line import is_one_line
from ..registry import Registry
from ..yaml_file import is_yaml_file
from .library_model import LibraryModel
from .problem import Budget, Problem
from .progress import Progress, silent
from .seeds import as_seed
from .side_by_side import lay_side_by_side
from .torch_device import as_device

RESERVED = "Default"
"""The name of MLflow's own experiment, which cannot hold a suite's results."""
LONGEST_NAME = 200
"""Characters of a suite's name, at most: folders are called after it."""


class Suite(ABC):
    """Prepares problems of a named, versioned set of tasks with one backbone; subclass it to add a suite.

    A version may be written as a number, tasks as a list; they are kept as text and as a tuple. A number is kept as
    Python writes it, which makes 1.1 of 1.10: after 1.9, write "1.10".
    """

    name: ClassVar[str]
    """The suite's name, by which users ask for it."""
    version: ClassVar[str]
    """The suite's version, raised whenever results could change: finished cells of another version run again."""
    tasks: ClassVar[tuple[str, ...]]
    """The names of all tasks."""
    cpu_threads: ClassVar[int | None] = None
    """Threads that a cell runs with on a CPU; all cores when None. Small models are as fast on one thread, and then
    neither results nor times depend on how many cores there are or who else uses them."""
    budget: ClassVar[Budget | None] = None
    """The training that the suite's problems recommend; None where only the prepared problem knows."""
    expert_examples: ClassVar[int | None] = None
    """Examples whose gradients the fine-tuning of one expert takes, steps times batch size, which are charged to every
    learner that uses experts; None where that is not known."""
    has_examples: ClassVar[bool] = True
    """Whether its problems are trained and evaluated on examples; False where objectives need no data."""
    imports: ClassVar[tuple[str, ...]] = ()
    """Modules that `prepare` imports and that take seconds to import; a bench imports them once."""

    def __init_subclass__(cls, **keys: object) -> None:
        super().__init_subclass__(**keys)
        version = vars(cls).get("version")
        if isinstance(version, int | float) and not isinstance(version, bool):
            cls.version = str(version)  # it is part of keys, which are texts
        if isinstance(vars(cls).get("tasks"), list):
            cls.tasks = tuple(cls.tasks)

    @abstractmethod
    def prepare(self, tasks: tuple[str, ...], *, device: torch.device, seed: int, progress: Progress) -> Problem:
        """Prepare the problem of some of the tasks.

        Args:
            tasks: a subset of `self.tasks`, in the order of objectives.
            device: where weights and data go.
            seed: decides everything random about the problem, the fine-tuning of the experts included.
            progress: told how the preparation goes.
        """

    def architecture(self, tasks: tuple[str, ...]) -> nn.Module | None:
        """Return the architecture of the problem of these tasks without values (device meta), None where unknown.

        It is what a learner is checked against before experts are prepared, so it must cost little and download
        nothing; names, shapes and classes of its modules are those of the prepared problem's model.

        Args:
            tasks: as in `prepare`.
        """
        return None

    def content_digest(self, tasks: tuple[str, ...]) -> str:
        """Return a digest of the files that decide the problem of these tasks; empty where the version says it all.

        It becomes part of the keys of cells, so that other weights or data are other results. A suite whose class is
        a plugin's needs no digest of its source: that is a part of the keys anyway.

        Args:
            tasks: as `choose` returned them.

        Raises:
            FrontrunnerError: a file is missing or cannot be used.
        """
        return ""

    def library_model(self) -> LibraryModel | None:
        """Return what writes this suite's models as a library loads them; None where none does."""
        return None

    def class_names(self, task: str) -> tuple[str, ...] | None:
        """Return the names of a task's classes by logit; None where they are not known."""
        return None

    def licences(self, tasks: tuple[str, ...]) -> Mapping[str, str | None]:
        """Map what the models of some tasks were made of, such as weights and data, to licences; None: not known.

        Sources that are not named have licences that are not known.
        """
        return {}

    def choose(self, tasks: Sequence[str] | None) -> tuple[str, ...]:
        """Return the chosen tasks, checked against the suite's; all of them when None.

        Raises:
            UnknownNameError: a task that the suite does not have; the message offers the nearest.
            ConfigError: no list, no task, or one twice; or the suite's name, version or tasks cannot be recorded.
        """
        require_recordable(self)
        given: object = tasks  # a script may pass anything
        if given is not None and (isinstance(given, str | bytes | Mapping | Set) or not isinstance(given, Iterable)):
            raise ConfigError(f"tasks is a list of names, such as {list(self.tasks[:2])}; found {given!r}")
        chosen = self.tasks if tasks is None else tuple(tasks)
        for task in chosen:
            if task not in self.tasks:
                raise UnknownNameError(f"task of suite {self.name!r}:", task, self.tasks)
        if not chosen or len(set(chosen)) != len(chosen):
            raise ConfigError(f"expected one or more distinct tasks of {self.name!r}, found {list(chosen)}")
        return chosen


def require_recordable(suite: Suite | type[Suite]) -> None:
    """Refuse a suite under whose name nothing can be recorded, or whose version or tasks are no texts."""
    owner = suite if isinstance(suite, type) else type(suite)
    name: object = getattr(suite, "name", None)
    version: object = getattr(suite, "version", None)
    tasks: object = getattr(suite, "tasks", None)
    if not (isinstance(name, str) and name.strip() and is_one_line(name) and len(name) <= LONGEST_NAME):
        raise ConfigError(
            f"a suite's name must be one line of up to {LONGEST_NAME} characters, found {name!r} in {owner.__name__}"
        )
    if any(part.strip(". ") == "" for part in re.split(r"[/\\]", name)):
        raise ConfigError(
            f"a suite's name becomes folders, so between slashes must stand more than dots and spaces; found {name!r}"
        )
    if "artifacts" in name.split("/")[:-1]:
        raise ConfigError(
            f"a suite's name becomes folders below one called artifacts, by which it is found again; name none of "
            f"{name!r} so"
        )
    if is_yaml_file(name):
        raise ConfigError(f"a suite's name cannot end like that of a YAML file, found {name!r}; rename it")
    if name == RESERVED:
        raise ConfigError(f"a suite cannot be called {RESERVED!r}, as MLflow's own experiment is; rename it")
    if not (isinstance(version, str) and version.strip()):
        raise ConfigError(f"the version of suite {name!r} must be a text such as '1', found {version!r}")
    if not (isinstance(tasks, tuple) and all(isinstance(task, str) and task.strip() for task in tasks)):
        raise ConfigError(f"the tasks of suite {name!r} must be a tuple of names, found {tasks!r}")
    for task in tasks:
        if not re.fullmatch(r"[\w\-. ]+", task):
            raise ConfigError(f"task names become metric names: letters, digits, spaces and _-. only, found {task!r}")


_PAPER_SUITES = {
    "clip-vit-b-32-ta8": "the paper's eight image tasks on CLIP ViT-B/32",
    "clip-vit-b-16-ta8": "the paper's eight image tasks on CLIP ViT-B/16",
    "clip-vit-l-14-ta8": "the paper's eight image tasks on CLIP ViT-L/14",
    "clip-vit-b-32-ta20": "twenty image tasks on CLIP ViT-B/32",
    "gpt2-glue": "the paper's seven language tasks on GPT-2",
}
"""Suite files that ship with Frontrunner, by name; each has a variant with random weights."""

SUITES: Registry[Suite] = Registry(
    "suite",
    base="frontrunner.tasks.suite:Suite",
    group="frontrunner.suites",
    builtin={
        "vision-mini": (
            "frontrunner.tasks.vision_mini.vision_mini_suite:VisionMini",
            "a small CLIP on up to eight real image domains at 32x32; data and weights ship with Frontrunner",
        ),
        "text-mini": (
            "frontrunner.tasks.text_mini.text_mini_suite:TextMini",
            "a small GPT-2 on up to five real text classifications; texts and weights ship with Frontrunner",
        ),
        "cnn-mini": (
            "frontrunner.tasks.cnn_mini.cnn_mini_suite:CnnMini",
            "a pre-trained EfficientNet-Lite0 on up to five image domains at 64x64; weights come with an extra",
        ),
        "sequence-mini": (
            "frontrunner.tasks.sequence_mini.sequence_mini_suite:SequenceMini",
            "a small LSTM that reads up to five image domains row by row; all ships with Frontrunner",
        ),
        "convex-toy": (
            "frontrunner.tasks.analytic.convex_toy:ConvexToy",
            "two parabolas on a line; convex front known in closed form",
        ),
        "vlmop2": (
            "frontrunner.tasks.analytic.vlmop2:Vlmop2",
            "Fonseca and Fleming's two wells in 20 dimensions; concave front known in closed form",
        ),
        "merging-toy": (
            "frontrunner.tasks.analytic.merging_toy:MergingToy",
            "up to eight squared distances to axis points; the Pareto set is the simplex of merge coefficients",
        ),
        "zdt1": (
            "frontrunner.tasks.analytic.zdt:Zdt1",
            "two objectives of 30 numbers in a box; convex front known in closed form",
        ),
        "zdt2": (
            "frontrunner.tasks.analytic.zdt:Zdt2",
            "two objectives of 30 numbers in a box; concave front known in closed form",
        ),
        "zdt3": (
            "frontrunner.tasks.analytic.zdt:Zdt3",
            "two objectives of 30 numbers in a box; known front in five pieces",
        ),
        "dtlz2": (
            "frontrunner.tasks.analytic.dtlz2:Dtlz2",
            "three objectives of 12 numbers in a box; the front is an octant of the unit sphere",
        ),
        "linear-net": (
            "frontrunner.tasks.analytic.linear_net:LinearNetSuite",
            "a two-layer linear network on up to three regressions with data; front known in closed form",
        ),
        **{
            name: (f"frontrunner.tasks.paper_suites:{name}", f"{summary}; weights and data from the Hugging Face hub")
            for name, summary in _PAPER_SUITES.items()
        },
        **{
            f"{name}-random": (
                f"frontrunner.tasks.paper_suites:{name}-random",
                f"the shapes of {name} with random weights on generated data, for memory and speed alone",
            )
            for name in _PAPER_SUITES
        },
    },
)


def list_suites() -> dict[str, str]:
    """Map the name of every registered suite to a one-line description."""
    return SUITES.summaries()


def load_problem(
    suite: str | Path,
    tasks: Sequence[str] | None = None,
    *,
    device: str | torch.device = "cpu",
    seed: int = 0,
    progress: Progress = silent,
) -> Problem:
    """Prepare a suite's problem; the first time experts are fine-tuned and cached, later they are read.

    Args:
        suite: a registered name, see `list_suites()`; or the path of a suite file, which is registered.
        tasks: which of the suite's tasks, in this order of objectives; all when None.
        device: where weights and data go.
        seed: decides everything random in the preparation, the experts' fine-tuning included.
        progress: told how the preparation goes.

    Raises:
        UnknownNameError: the suite or a task is not known; the message offers the nearest name.
        ConfigError: tasks is no list of names, seed no whole number, or device none that torch knows; or the suite
            prepares no problem, or one that cannot be.
        DataError: shipped or cached data is missing, truncated or altered.
    """
    if is_yaml_file(suite):
        from .suite_file.registered import load_suite_file

        suite = load_suite_file(suite).name
    found = SUITES.get(suite)()  # type: ignore[arg-type] # what is no text is refused there
    problem: object = found.prepare(
        found.choose(tasks), device=as_device(device), seed=as_seed(seed), progress=progress
    )
    if not isinstance(problem, Problem):
        given = f"the class {problem.__name__}" if isinstance(problem, type) else type(problem).__name__
        raise ConfigError(
            f"`prepare` of suite {suite!r} must return a Problem, found {given}; "
            f"end it with `return ClassificationProblem(...)` or another Problem"
        )
    if problem.device.type != "cpu":
        lay_side_by_side(problem)
    return problem
