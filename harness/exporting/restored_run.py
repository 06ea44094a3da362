"""The Pareto set of a recorded run, made again from what was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ...errors import FrontError, FrontrunnerError, StoreError
from ...methods import METHODS, Context, Learner, ParetoSet
from ...one_line import as_one_line
from ...tasks import SUITES, Problem, Suite
from ...tasks.suite_file.registered import load_suite_file
from ..cells.sources import changed_since
from ..records.attempt import Attempt
from ..records.finished_cell import NOTES, STATE
from ..records.front_record import FrontRecord
from ..records.mlflow_tags import IMPORTED_FROM, SUITE_FILE
from ..running.checked_set import check_finite, checked_set
from ..running.plain_state import plain_state
from ..running.recorded_problem import load_recorded_problem


@dataclass(frozen=True)
class RestoredRun:
    """A recorded run whose set answers preferences again."""

    attempt: Attempt
    record: FrontRecord
    suite: Suite
    problem: Problem
    pareto_set: ParetoSet


def suite_of(attempt: Attempt) -> Suite:
    """Return the suite of a run, registered anew where a suite file defines it.

    Raises:
        StoreError: its method or suite comes from a plugin or suite file that is not here.
    """
    _require_registered(attempt)
    return SUITES.get(attempt.cell.suite)()


def restore_run(attempt: Attempt) -> RestoredRun:
    """Prepare a run's problem and restore its set.

    Raises:
        StoreError: a plugin or suite file of the run is not here, or was edited since; or the recorded weights cannot
            be used on this machine, or hold NaN or infinity.
    """
    cell, suite = attempt.cell, suite_of(attempt)
    _require_unchanged(attempt)
    learner = cell.learner()
    state = _state_of(attempt, learner)
    record = attempt.record()
    problem = load_recorded_problem(record)
    pareto_set = _restored(learner, problem, state, cell.preferences(), Context(cell.seed, str(problem.device)))
    return RestoredRun(attempt, record, suite, problem, pareto_set)


def _require_registered(attempt: Attempt) -> None:
    """Raise StoreError where the run's method or suite came from a plugin or suite file that is not here now."""
    file = attempt.tags.get(SUITE_FILE)
    if file is not None and attempt.cell.suite not in SUITES.entries():
        if not Path(file).is_file():
            raise StoreError(
                f"run {attempt.run_id[:8]} was made with the suite file {file}, which is not there now; give its new "
                "place with --plugin FILE"
            )
        load_suite_file(file)
    for registry, name in ((METHODS, attempt.cell.method), (SUITES, attempt.cell.suite)):
        if name not in registry.entries():
            raise StoreError(
                f"run {attempt.run_id[:8]} was made with the {registry.kind} {name!r}, which comes from a plugin; "
                "give its file with --plugin FILE, or install its package"
            )


def _require_unchanged(attempt: Attempt) -> None:
    """Raise StoreError where a plugin or a suite file, its weights or its data were edited since the run."""
    if changed := changed_since(attempt.cell):
        raise StoreError(
            f"run {attempt.run_id[:8]} was made with another state of {changed}; bring that state back, "
            "or run the cell again"
        )


def _state_of(attempt: Attempt, learner: Learner) -> dict[str, Tensor]:
    """Return the learned weights of a run that the installed versions can make models from."""
    cell, suite = attempt.cell, SUITES.get(attempt.cell.suite)
    if (learner.version, suite.version) != (cell.method_version, cell.suite_version):
        raise StoreError(
            f"the run was made with versions {cell.method_version} of {cell.method!r} and {cell.suite_version} of "
            f"{cell.suite!r}, installed are {learner.version} and {suite.version}; run it again"
        )
    origin = attempt.tags.get(IMPORTED_FROM)
    if origin is not None and attempt.metrics.get("trainable_parameters", 0.0) > 0:
        raise StoreError(
            f"the run was imported from {origin}, and bundles hold no weights; run it here to export models"
        )
    state: dict[str, Tensor] = {}
    if STATE in attempt.digests:
        state = _read_state(attempt.artifact(STATE))
    if not state and attempt.metrics.get("trainable_parameters", 0.0) > 0:
        noted = attempt.artifact(NOTES).read_text(encoding="utf-8") if NOTES in attempt.digests else ""
        why = f" ({as_one_line(noted)})" if noted else ""
        raise StoreError(f"{cell.method!r} was trained but saves no state{why}, so its models cannot be made again")
    return state


def _read_state(file: Path) -> dict[str, Tensor]:
    """Return the learned weights, all of them finite."""
    try:
        state: dict[str, Tensor] = load_file(file)
        check_finite(state)
    except (OSError, SafetensorError, FrontError) as error:
        raise StoreError(f"the learned weights {file} cannot be used ({error}); run the cell again") from error
    return state


def _restored(
    learner: Learner, problem: Problem, state: Mapping[str, Tensor], grid: NDArray[np.float64], context: Context
) -> ParetoSet:
    """Return what the learner restores; raise StoreError where its state would not be this one again."""
    try:
        restored = checked_set(learner, learner.restore(problem, state, grid, context), problem, by="restore")
        again = plain_state(restored.state())  # as what was saved: numbers and arrays as tensors
        if state and again.keys() != state.keys():
            raise ValueError(f"expected {', '.join(sorted(again)) or 'nothing'}, found {', '.join(sorted(state))}")
        for name in state:
            if (again[name].dtype, again[name].shape) != (state[name].dtype, state[name].shape):
                raise ValueError(
                    f"{name} must be {again[name].dtype} of shape {tuple(again[name].shape)}, is {state[name].dtype} "
                    f"of shape {tuple(state[name].shape)}"
                )
    except FrontrunnerError:
        raise
    except Exception as error:  # a learner loads its weights as it likes
        raise StoreError(
            f"the recorded weights are not those of {learner.name!r} with this configuration ({error!s:.300}); "
            "run the cell again"
        ) from error
    return restored
