"""Run the study of a bench on another suite: with that suite's tasks in the place of the bench's, and its budget."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import ConfigError
from ...tasks import SUITES
from ...yaml_file import fitted
from .bench_file import BenchSpec, LearnerSpec, SuiteSpec
from .budgets import Budgets
from .suite_files import located

BUDGET_OPTIONS = ("steps", "batch_size", "preferences_per_step")
"""Options of learners that are left to the other suite, which recommends a training of its own."""


@dataclass(frozen=True)
class OtherSuite:
    """A bench on another suite than its own."""

    spec: BenchSpec
    in_place_of: Mapping[str, str]
    """The other suite's tasks by those of the bench's suites; those that fell away are absent."""


def on_other_suite(spec: BenchSpec, given: str) -> OtherSuite:
    """Return a bench with every suite replaced by one, in a title that says so.

    Where the other suite has tasks of the same names, as one of other weights, they stay. Else the bench's tasks, in
    the order in which its suites name them first, become the other suite's tasks in its order, and where that has
    fewer, those left over fall away. Grids, seeds, and options other than `BUDGET_OPTIONS` stay.

    Args:
        spec: the bench, with its suite files registered.
        given: the name of a suite, or the path of a suite file.

    Raises:
        UnknownNameError, ConfigError: the suite is not known, or gives one of the bench's suites fewer than two tasks.
    """
    named = fitted({"name": given}, SuiteSpec)
    named = located(named, Path.cwd())
    tasks = SUITES.get(named.name)().choose(None)
    in_place_of = _in_place_of(_all_tasks(spec), tasks)
    suites = []
    for suite in spec.suites:
        kept = [in_place_of[task] for task in tasks_of(suite) if task in in_place_of]
        if len(kept) < min(2, len(tasks_of(suite))):
            raise ConfigError(
                f"{named.name} has {len(tasks)} tasks ({', '.join(tasks)}), of the {len(_all_tasks(spec))} of the "
                f"bench {spec.name!r} that leaves {len(kept)} in the place of {', '.join(tasks_of(suite))}; "
                "choose a suite of more tasks"
            )
        update = {"name": named.name, "file": named.file, "weights": None, "tasks": kept}
        suites.append(suite.model_copy(update=update))
    learners = [_without_options(learner, BUDGET_OPTIONS) for learner in spec.learners]
    replaced: dict[str, object] = {
        "name": f"{spec.name} on {named.name}",
        "suites": suites,
        "learners": learners,
        "budgets": None,
    }
    return OtherSuite(spec.model_copy(update=replaced), in_place_of)


def at_steps(spec: BenchSpec, steps: int) -> BenchSpec:
    """Return a bench whose learners all train for so many optimizer steps a model, in a title that says so.

    Raises:
        ConfigError: steps is not a number of steps.
    """
    learners = [_without_options(learner, ["steps"]) for learner in spec.learners]
    budgets = fitted({"steps": [steps]}, Budgets)
    counted = f"{steps:,} step{'' if steps == 1 else 's'}"
    return spec.model_copy(update={"name": f"{spec.name}, {counted}", "learners": learners, "budgets": budgets})


def tasks_of(suite: SuiteSpec) -> Sequence[str]:
    """Return the tasks of a suite of a bench, which is registered where they are not named."""
    return suite.tasks if suite.tasks is not None else SUITES.get(suite.name).tasks


def _in_place_of(tasks: Sequence[str], others: Sequence[str]) -> dict[str, str]:
    return {task: task for task in tasks} if set(tasks) <= set(others) else dict(zip(tasks, others, strict=False))


def _all_tasks(spec: BenchSpec) -> list[str]:
    return list(dict.fromkeys(task for suite in spec.suites for task in tasks_of(suite)))


def _without_options(learner: LearnerSpec, names: Collection[str]) -> LearnerSpec:
    options = {name: value for name, value in learner.options.items() if name not in names}
    return learner.model_copy(update={"options": options})
