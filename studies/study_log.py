"""Write the events of a study's cells and trials as JSON, in the place of bars and lines."""

from __future__ import annotations

from optuna.trial import FrozenTrial

from ..harness.commands.json_log import JsonListener, JsonLog
from .counted_trials import DISCARDED, REASON, settled, slot
from .record import state_of
from .study import OpenStudy, Plan


class StudyLog(JsonListener):
    """A `StudyListener` that writes all events."""

    def __init__(self, log: JsonLog, plan: Plan) -> None:
        super().__init__(log, name=plan.name, n_cells=plan.spec.trials * len(plan.spec.seeds))
        self._plan = plan

    def tried(self, study: OpenStudy, trial: FrozenTrial) -> None:
        """Write how a trial has ended."""
        values = (
            {}
            if trial.values is None
            else dict(zip((one.measure for one in self._plan.objectives), trial.values, strict=False))
        )
        self.log.write(
            "trial_ended",
            study=self._plan.name,
            trial=slot(trial),
            state="discarded" if DISCARDED in trial.user_attrs else state_of(trial),
            options=dict(trial.params),
            values=values,
            reason=trial.user_attrs.get(DISCARDED) or trial.user_attrs.get(REASON, ""),
            trials_ended=sum(settled(other) for other in study.counted().trials),
            trials=self._plan.spec.trials,
        )

    def noted(self, note: str) -> None:
        """Write what could not be drawn."""
        self.log.write("note", text=note)
