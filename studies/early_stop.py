"""When a fit is given up: its hypervolume on the way is below that of most completed trials at the same step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from optuna.pruners import BasePruner, NopPruner, PercentilePruner
from optuna.trial import Trial, TrialState

from ..harness.records.curve import PROBED
from ..harness.running.worker_process import StoppedError
from .spec import EarlyStopSpec

SIGNAL = PROBED
"""Trial attribute: step -> hypervolume, where Optuna's pruner cannot be told."""


def make_pruner(spec: EarlyStopSpec | None, *, hypervolume_alone: bool) -> BasePruner:
    """Optuna's own, for one objective; it refuses several."""
    if spec is None or not hypervolume_alone:
        return NopPruner()
    return PercentilePruner(
        100 - spec.percentile, n_startup_trials=spec.n_startup_trials, n_min_trials=spec.n_startup_trials
    )  # the second of those that were looked at: cells that had been settled before report nothing on the way


def judge(trial: Trial, step: int, value: float, spec: EarlyStopSpec, *, hypervolume_alone: bool, when: str) -> None:
    """Report the hypervolume a trial has reached, and raise StoppedError where it is to be given up.

    Args:
        trial: that runs.
        step: moment of the fit, counted over the trial's cells.
        value: hypervolume on a few preferences, maximised.
        spec: when.
        hypervolume_alone: whether it is all that the study is judged by; then Optuna's pruner decides.
        when: for people, "after 25 % of the fit".
    """
    if hypervolume_alone:
        held = trial.study.get_trials(deepcopy=False)[trial.number]
        if step not in held.intermediate_values:  # else the attempt that this one continues has reported it
            trial.report(value, step)
        hopeless = trial.should_prune()
    else:
        reached = {**trial.user_attrs.get(SIGNAL, {}), str(step): value}
        trial.set_user_attr(SIGNAL, reached)
        complete = trial.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        hopeless = below(reached, step, [other.user_attrs.get(SIGNAL, {}) for other in complete], spec)
    if hopeless:
        raise StoppedError(
            f"given up {when}: its hypervolume of {value:.4g} on a few preferences is below that of most trials then"
        )


def below(reached: Mapping[str, float], step: int, others: Sequence[Mapping[str, float]], spec: EarlyStopSpec) -> bool:
    """Optuna's percentile rule, for any number of objectives.

    Args:
        reached: step -> value of the trial that is judged, maximised; its best so far counts.
        step: the last one.
        others: those of the completed trials.
        spec: percentile, and how many others there must be.
    """
    at_step = [other[str(step)] for other in others if str(step) in other]
    if len(at_step) < spec.n_startup_trials:
        return False
    return max(reached.values()) < float(np.percentile(at_step, spec.percentile))
