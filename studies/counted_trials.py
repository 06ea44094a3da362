"""Decides which trials of a study count, which of them have settled, and which must be tried again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from optuna.trial import FrozenTrial, TrialState

DISCARDED = "discarded"
"""Trial attribute: why a trial was not run and does not count."""
BEGUN = "begun"
"""Trial attribute: the trial's own number; a trial without it has never run, whatever its state."""
DEFAULT = "default"
"""Trial attribute: true for the learner's default configuration."""
WALL_TIME_S = "wall_time_s"
"""Trial attribute: seconds of fit and evaluation, summed over the trial's cells."""
REASON = "reason"
"""Trial attribute: why a configuration has failed or was given up; such a trial has settled."""


def slot(trial: FrozenTrial) -> int:
    """Return the number that a trial goes by: that of the first attempt at its configuration, perhaps its own."""
    return int(trial.system_attrs.get("failed_trial", trial.number))  # Optuna's, see `retried_trial_number`


@dataclass(frozen=True)
class CountedTrials:
    """The trials of a study that count: one for every configuration, in the order in which they were begun."""

    trials: Sequence[FrozenTrial]
    """The last attempt at each configuration."""

    @classmethod
    def of(cls, trials: Sequence[FrozenTrial]) -> CountedTrials:
        """Choose the trials that count from all that the storage holds, in any order."""
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
        """Return those of the first `n` trials that have not settled: they run, wait, or must be tried again."""
        return [trial for trial in self.trials[:n] if not settled(trial)]

    def lost(self, n: int) -> list[FrozenTrial]:
        """Return those of the first `n` trials whose worker was ended and that nobody tries again yet."""
        return [trial for trial in self.open(n) if trial.state == TrialState.FAIL]

    @property
    def complete(self) -> list[FrozenTrial]:
        """The trials that have values."""
        return [trial for trial in self.trials if trial.state == TrialState.COMPLETE]


def settled(trial: FrozenTrial) -> bool:
    """Tell whether a trial has ended for good: with values, given up, or failed because of its configuration."""
    if trial.state == TrialState.FAIL:
        return REASON in trial.user_attrs
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
