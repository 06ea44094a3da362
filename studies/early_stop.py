"""Gives up fits whose hypervolume on the way is below that of most completed trials at the same step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from optuna.pruners import BasePruner, NopPruner, PercentilePruner
from optuna.trial import Trial, TrialState

from ..harness.records.curve import PROBED
from ..harness.running.worker_process import StoppedError
from .spec import EarlyStopSpec

SIGNAL = PROBED
"""Trial attribute: step -> hypervolume, for studies of several objectives, where Optuna's pruner cannot be told."""


def make_pruner(spec: EarlyStopSpec | None, *, hypervolume_alone: bool) -> BasePruner:
    """Return Optuna's pruner for a study.

    It is the percentile rule where hypervolume is the only objective. Where there are several, which Optuna refuses
    to prune for, or where fits run to their end, it is one that never prunes.
    """
    if spec is None or not hypervolume_alone:
        return NopPruner()
    return PercentilePruner(
        100 - spec.percentile, n_startup_trials=spec.n_startup_trials, n_min_trials=spec.n_startup_trials
    )  # n_min_trials counts the trials that reported at the step: cells that had settled before report nothing


def judge(trial: Trial, step: int, value: float, spec: EarlyStopSpec, *, hypervolume_alone: bool, when: str) -> None:
    """Report the hypervolume that a running trial has reached, and stop its fit where that is hopeless.

    Args:
        trial: the trial that runs.
        step: the moment of the fit, counted over the trial's cells.
        value: hypervolume of the partial set on a few preferences, maximised.
        spec: the rule.
        hypervolume_alone: whether hypervolume is the study's only objective; then Optuna's pruner decides.
        when: the moment in words, such as "after 25 % of the fit".

    Raises:
        StoppedError: the fit is to be given up.
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
    """Tell whether a trial is below the percentile of the others: Optuna's rule, for any number of objectives.

    Args:
        reached: step -> value of the trial that is judged, maximised; its best value so far counts.
        step: the last step it has reached.
        others: step -> value of each completed trial.
        spec: the percentile, and how many others must have a value at the step; with fewer the answer is False.
    """
    at_step = [other[str(step)] for other in others if str(step) in other]
    if len(at_step) < spec.n_startup_trials:
        return False
    return max(reached.values()) < float(np.percentile(at_step, spec.percentile))
