"""How far a study is: which of its trials count, which must be tried again, which are the best."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from optuna.trial import FrozenTrial, TrialState

DISCARDED = "discarded"
"""Trial attribute: why a trial is no trial of its own; it does not count."""
BEGUN = "begun"
"""Trial attribute: its own number; a trial without it has never run, whatever its state."""
DEFAULT = "default"
"""Trial attribute: it is the learner's default configuration."""
WALL_TIME_S = "wall_time_s"
"""Trial attribute: seconds of fit and evaluation, summed over its cells."""
REASON = "reason"
"""Trial attribute: why a configuration has failed or was given up, for good."""


def slot(trial: FrozenTrial) -> int:
    """Number of the trial that this one is, or tries again."""
    return int(trial.system_attrs.get("failed_trial", trial.number))  # Optuna's, see `retried_trial_number`


@dataclass(frozen=True)
class Standing:
    """The trials of a study that count, one for every configuration, in the order in which they were begun."""

    trials: Sequence[FrozenTrial]
    """The last attempt at each."""

    @classmethod
    def of(cls, trials: Sequence[FrozenTrial]) -> Standing:
        """From all that the storage holds."""
        last: dict[int, FrozenTrial] = {}
        for trial in sorted(trials, key=lambda trial: trial.number):
            if DISCARDED not in trial.user_attrs:
                held = last.get(slot(trial))
                if held is None or not settled(held):
                    last[slot(trial)] = trial
        # Two machines that share no lock may have begun the same configuration at the same moment.
        distinct: dict[str, FrozenTrial] = {}
        for number, trial in last.items():
            key = json.dumps(trial.params, sort_keys=True) if settled(trial) else str(number)
            distinct.setdefault(key, trial)
        return cls(list(distinct.values()))

    def open(self, n: int) -> list[FrozenTrial]:
        """Of the first `n` those not settled yet: they run, wait, or must be tried again."""
        return [trial for trial in self.trials[:n] if not settled(trial)]

    def lost(self, n: int) -> list[FrozenTrial]:
        """Of the first `n` those whose worker was ended and that nobody tries again yet."""
        return [trial for trial in self.open(n) if trial.state == TrialState.FAIL]

    @property
    def complete(self) -> list[FrozenTrial]:
        """Those with values."""
        return [trial for trial in self.trials if trial.state == TrialState.COMPLETE]


def settled(trial: FrozenTrial) -> bool:
    """Whether a trial has ended for good: with values, given up, or failed for a reason of its configuration."""
    if trial.state == TrialState.FAIL:
        return REASON in trial.user_attrs
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
