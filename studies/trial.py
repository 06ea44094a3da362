"""Runs one trial: the sampler proposes a configuration, its cells run, and what they measured is its value."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import optuna
from filelock import Timeout
from optuna.trial import Trial

from ..errors import FrontError, FrontrunnerError, ServerAwayError
from ..harness.cells.cell import Cell
from ..harness.records.finished_cell import is_complete
from ..harness.records.status import Status
from ..harness.records.store import Store
from ..harness.reports.publish_cell import publish_scores
from ..harness.running.listener import ForwardingListener, Listener
from ..harness.running.settle import Running, settle_cell
from ..harness.running.settled_cell import SettledCell
from ..harness.running.worker_events import Event, Probed
from ..harness.scoring.cell_scores import recorded_scores
from .counted_trials import BEGUN, DISCARDED, REASON, WALL_TIME_S, CountedTrials, slot
from .early_stop import judge
from .objective import MissingMeasureError, mean_values
from .sampler import MISUSED, misused
from .spec import EarlyStopSpec
from .study import OpenStudy

MAX_KILLS = 3
"""How often the process of a configuration may be killed, for want of memory perhaps, before it has failed."""

LOOK_AGAIN_S = 5.0
"""Seconds between two looks at whether an absent server answers again."""


class DiscardedError(Exception):
    """Another trial has the configuration, or there are enough trials: this one is not run and does not count."""


class UnsettledError(Exception):
    """The trial was ended from outside; it is tried again."""


class FailedError(Exception):
    """The configuration has failed, and would fail again."""


@dataclass(frozen=True)
class TrialRunner:
    """Runs the trials of one study in one place.

    Args:
        study: the study, opened by the thread that runs the trials.
        store: where cells are recorded.
        parent: the run id of the study.
        running: how cells are run.
        place: where they are run.
        stop: the event that ends a trial from outside.
        listener: hears how cells go.
    """

    study: OpenStudy
    store: Store
    parent: str
    running: Running
    place: str
    stop: threading.Event
    listener: Listener

    def __call__(self, trial: Trial) -> list[float]:
        """Run one trial and return the value of every objective, as Optuna asks of an objective function.

        Raises:
            TrialPruned: the fit was given up.
            DiscardedError: the trial was not run and does not count.
            UnsettledError: the trial was ended from outside.
            FailedError: the configuration has failed.
        """
        trial.set_user_attr(BEGUN, trial.number)
        plan = self.study.plan
        params, number = self._choose(trial)
        try:
            cells = plan.cells(params, f"trial {number}")
        except FrontrunnerError as error:  # options that the learner refuses together
            trial.set_user_attr(REASON, str(error))
            raise FailedError(str(error)) from error
        settled_cells = [self._run(cell, position, trial) for position, cell in enumerate(cells)]
        try:
            measured = [self._measured(settled_cell) for settled_cell in settled_cells]
        except FrontError as error:  # a hypervolume too large for a float
            trial.set_user_attr(REASON, str(error))
            raise FailedError(str(error)) from error
        trial.set_user_attr(WALL_TIME_S, sum(values["wall_time_s"] for values in measured))
        try:
            return mean_values(plan.objectives, measured)
        except MissingMeasureError as error:
            trial.set_user_attr(REASON, str(error))
            raise FailedError(str(error)) from error

    def _choose(self, trial: Trial) -> tuple[dict[str, Any], int]:
        """Return the trial's configuration, which no other trial has, and the number the trial goes by.

        Raises:
            DiscardedError: another trial has the configuration, or there are enough.
        """
        plan = self.study.plan
        with self.study.lock:
            try:
                params = plan.space.suggest(trial)
            except MISUSED as error:
                raise misused(plan.spec.sampler, error) from error
            trials = self.study.optuna.get_trials(deepcopy=False)
            own = slot(next(known for known in trials if known.number == trial.number))
            counted = CountedTrials.of(trials)
            others = [other for other in counted.trials if slot(other) != own]
            twin = next((other for other in others if other.params == params), None)
            reason = ""
            if twin is not None:
                reason = f"it has the configuration of trial {slot(twin)}"
            elif sum(slot(other) < own for other in others) >= plan.spec.trials:
                reason = f"{plan.spec.trials} trials have been begun"
            elif all(other.number != trial.number for other in counted.trials):
                reason = f"trial {own} has been tried again already"
            if reason:
                trial.set_user_attr(DISCARDED, reason)
                raise DiscardedError(reason)
        return params, own

    def _run(self, cell: Cell, position: int, trial: Trial) -> SettledCell:
        """Run one of the trial's cells; its fit is given up where its hypervolume on the way is hopeless."""
        plan, listener = self.study.plan, self.listener
        early = plan.spec.gives_up
        if early is not None:
            listener = _Judged(listener, trial, position, early, hypervolume_alone=plan.spec.hypervolume_alone)
        settled_cell = settle_cell(
            cell,
            self.store,
            self.parent,
            place=self.place,
            running=self.running,
            stop=self.stop,
            listener=listener,
        )
        if settled_cell.ending.status is Status.UNRECORDED:
            settled_cell = self._delivered(settled_cell)
        ending = settled_cell.ending
        if ending.status is Status.STOPPED:
            trial.set_user_attr(REASON, ending.reason)
            raise optuna.TrialPruned(ending.reason)
        if ending.status is Status.KILLED:
            kills = trial.user_attrs.get("kills", 0) + (not self.stop.is_set())
            trial.set_user_attr("kills", kills)
            if kills < MAX_KILLS:
                raise UnsettledError(ending.reason)
        if ending.status is not Status.FINISHED:
            trial.set_user_attr(REASON, f"{ending.status}: {ending.reason}")
            raise FailedError(ending.reason)
        return settled_cell

    def _delivered(self, waiting: SettledCell) -> SettledCell:
        """Return a cell whose result waits once the study's `Publisher` has recorded it.

        Raises:
            UnsettledError: the study was ended before that, or the result was damaged.
        """
        cell = waiting.cell
        while not self.stop.wait(LOOK_AGAIN_S):
            if is_complete(self.store.unrecorded(cell)):
                continue
            # Under the cell's lock, since its folder is moved before the result is recorded.
            with contextlib.suppress(ServerAwayError, Timeout), self.store.lock(cell).acquire(timeout=0):
                if is_complete(self.store.unrecorded(cell)):
                    continue
                if (done := self.store.settled(cell)) is None:
                    break
                return SettledCell(cell, done.ending, done.run_id, ran=True)
        raise UnsettledError(waiting.ending.reason)

    def _measured(self, settled: SettledCell) -> Mapping[str, float]:
        """Return the costs and scores of a cell; wait while a server does not answer.

        Raises:
            UnsettledError: the study was ended before that.
        """
        while True:
            try:
                return self._measured_now(settled)
            except ServerAwayError as error:
                if self.stop.wait(LOOK_AGAIN_S):
                    raise UnsettledError(str(error)) from error

    def _measured_now(self, settled: SettledCell) -> Mapping[str, float]:
        """Return the costs and scores of a cell: of one that ran just now, or of one that was settled before."""
        if settled.finished is not None:
            return {**settled.finished.costs, **publish_scores(self.store, settled.run_id, settled.finished)}
        recorded = self.store.find(settled.run_id, cell=settled.cell)
        return {**recorded.metrics, **recorded_scores(self.store, recorded)}


@dataclass(frozen=True)
class _Judged(ForwardingListener):
    """A `Listener` that passes everything on to another and gives up hopeless fits."""

    trial: Trial
    position: int
    """The place of the cell among those of the trial, from 0."""
    early: EarlyStopSpec
    hypervolume_alone: bool

    def reports(self, cell: Cell, event: Event) -> None:
        super().reports(cell, event)
        if isinstance(event, Probed):
            judge(
                self.trial,
                self.position * (self.early.probes + 1) + event.moment,
                event.hypervolume,
                self.early,
                hypervolume_alone=self.hypervolume_alone,
                when=f"after {event.step / event.total:.0%} of the fit of seed {cell.seed}",
            )
