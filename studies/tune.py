"""Runs a study: every place takes trials until there are enough, then the result is recorded."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RetryHeartbeatStaleTrialCallback, fail_stale_trials
from optuna.trial import FrozenTrial, Trial, TrialState

from ..errors import FrontrunnerError, StoreError
from ..harness.records.parent_files import STUDY
from ..harness.records.status import Ending, Status
from ..harness.records.store import Store
from ..harness.reports.publish import Published, Publisher
from ..harness.running.cell_limits import NO_LIMITS, CellLimits
from ..harness.running.executors.executor import Executor
from ..harness.running.listener import Listener
from ..harness.running.places import on_each_place
from ..harness.running.settle import Running
from ..harness.running.unfailing_listener import UnfailingListener
from ..harness.running.worker_process import preload
from .counted_trials import BEGUN, DISCARDED, CountedTrials, slot
from .record import record_study
from .sampler import MISUSED, make_sampler, misused
from .space import ENUMERABLE
from .spec import SamplerSpec
from .storage import SIGNS_MISSED, PatientStorage, quiet, storage_explained
from .study import OpenStudy, Plan
from .trial import DiscardedError, FailedError, TrialRunner, UnsettledError

LOOK_UP_INTERVAL_S = 2.0
"""Seconds after which a worker without work looks again whether another's trial has come free."""
UNBORN_S = 60.0
"""Extra seconds, after the heartbeat timeout, before a trial that never started is failed."""
PATIENCE = 5
"""After so many discarded trials in a row an untried configuration is drawn at random."""


class StudyListener(Listener, Protocol):
    """Hears how cells go and how trials end."""

    def tried(self, study: OpenStudy, trial: FrozenTrial) -> None:
        """Hear that a trial has ended: with values, given up, failed, discarded, or to be tried again."""

    def noted(self, note: str) -> None:
        """Hear what could not be drawn, although the study is recorded."""


@dataclass(frozen=True)
class Worker:
    """Runs trials of a study in one place until the study is done."""

    plan: Plan
    storage: PatientStorage
    store: Store
    parent: str
    running: Running
    """How cells are run."""
    place: str
    """Where they run, one of the places that the executor has named."""
    listener: StudyListener
    publisher: Publisher
    """Draws the fronts of trials outside this thread."""
    unborn: dict[int, float] = field(default_factory=dict)
    """Number of a trial that Optuna says runs -> when it was first seen, in seconds of `time.monotonic`."""

    def __call__(self, stop: threading.Event) -> None:
        """Take trials until there are enough and all have settled, or until `stop` is set."""
        study = OpenStudy(self.plan, self.storage, self.store)
        listener = Published(UnfailingListener(self.listener), self.publisher)
        run = TrialRunner(study, self.store, self.parent, self.running, self.place, stop, listener)
        discarded = 0
        while not stop.is_set():
            self._retry_lost(study)
            trials = study.optuna.get_trials(deepcopy=False)
            counted = CountedTrials.of(trials)
            waiting = any(trial.state == TrialState.WAITING for trial in trials)
            enough = len(counted.trials) >= min(self.plan.spec.trials, self.plan.space.size())
            sampler = self.plan.spec.sampler
            if not waiting and not enough and discarded >= PATIENCE:
                if self.plan.space.size() <= ENUMERABLE:
                    enough = not self._propose_unseen(study, counted)
                else:
                    sampler = SamplerSpec(name="random", seed=sampler.seed)
            if waiting or not enough:
                study.optuna.sampler = make_sampler(
                    sampler, self.plan.spec.trials, len({slot(trial) for trial in trials})
                )
                last = self._try(study, run)
                discarded = discarded + 1 if DISCARDED in last.user_attrs else 0
            elif counted.open(self.plan.spec.trials):
                stop.wait(LOOK_UP_INTERVAL_S)
            else:
                return

    def _try(self, study: OpenStudy, run: TrialRunner) -> FrozenTrial:
        """Run one trial, whatever becomes of it, and return it as it ended."""
        begun: list[int] = []
        ours: list[BaseException] = []

        def objective(trial: Trial) -> list[float]:
            begun.append(trial.number)
            try:
                return run(trial)
            except BaseException as error:
                ours.append(error)
                raise

        try:
            study.optuna.optimize(objective, n_trials=1, catch=(DiscardedError, UnsettledError, FailedError))
        except Exception as error:
            if not begun and isinstance(error, MISUSED):
                raise misused(self.plan.spec.sampler, error) from error
            if not begun or (error in ours and not isinstance(error, UpdateFinishedTrialError)):
                raise
            # Optuna refuses its end: the worker was taken for dead, after a suspension perhaps. Its cells are
            # recorded, for whoever tries again.
            if not study.trial(begun[0]).state.is_finished():
                raise
        ended = study.trial(begun[0])
        self.listener.tried(study, ended)
        return ended

    def _retry_lost(self, study: OpenStudy) -> None:
        """Queue the trials again that a worker has left behind because it died or was interrupted."""
        with study.lock:
            fail_stale_trials(study.optuna)
            self._fail_unborn(study)
            for trial in study.counted().lost(self.plan.spec.trials):
                RetryHeartbeatStaleTrialCallback(inherit_intermediate_values=True)(study.optuna, trial)

    def _fail_unborn(self, study: OpenStudy) -> None:
        """Fail trials whose worker died before its first sign of life, for which Optuna would wait for ever."""
        for trial in study.optuna.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            since = self.unborn.setdefault(trial.number, time.monotonic())
            patience = UNBORN_S + SIGNS_MISSED * self.plan.spec.heartbeat_s
            if trial.user_attrs.get(BEGUN) != trial.number and time.monotonic() - since > patience:
                study.optuna.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)

    def _propose_unseen(self, study: OpenStudy, counted: CountedTrials) -> bool:
        """Queue a configuration that no trial has tried; False where all have been tried."""
        rng = np.random.default_rng([self.plan.spec.sampler.seed, len(counted.trials)])
        params = self.plan.space.unseen([trial.params for trial in counted.trials], rng)
        if params is not None:
            study.optuna.enqueue_trial(params)
        return params is not None


def run_study(
    plan: Plan,
    storage: PatientStorage,
    store: Store,
    *,
    executor: Executor,
    plugins: Sequence[str],
    listener: StudyListener,
    limits: CellLimits = NO_LIMITS,
) -> OpenStudy:
    """Run what is left of a study and record what it found; several processes may do so at once.

    Args:
        plan: what the study does.
        storage: where Optuna keeps the trials.
        store: where the cells of the trials are recorded.
        executor: runs the cells, one trial at a time in each of its places; the caller closes it.
        plugins: files that every worker loads too.
        listener: hears how cells go and how trials end.
        limits: what one attempt at a cell may take.

    Returns:
        The study, with all its trials settled.

    Raises:
        StoreError: the storage or the store cannot be used.
        CellError: no trial has a value.
    """
    with quiet(), storage_explained(str(storage.url)):
        study = OpenStudy(plan, storage, store)
        places = executor.open(max(0, plan.spec.trials - len(study.counted().trials)))
        parent = _open_parent(plan, store)
        early = plan.spec.gives_up
        running = Running(executor, plugins, probes=0 if early is None else early.probes, limits=limits)
        preload([plan.spec.suite.name], [plan.learner.method])

        def serve(place: str, stop: threading.Event) -> None:
            with (
                storage_explained(str(storage.url)),
                store.patience.ending_with(stop),
                storage.patience.ending_with(stop),
            ):
                Worker(plan, storage, store, parent, running, place, listener, publisher)(stop)

        try:
            with Publisher(store, scores=False) as publisher:
                on_each_place(places, serve)
            for note in [*publisher.notes, *record_study(study, store, parent)]:
                listener.noted(note)
        except FrontrunnerError as error:
            with store.patience.lost(), contextlib.suppress(StoreError):
                store.end(parent, Ending(Status.FAILED, str(error)))
            raise
        except BaseException:
            with store.patience.lost(), contextlib.suppress(StoreError):
                store.end(parent, Ending(Status.KILLED, "the study was interrupted"))
            raise
    return study


def _open_parent(plan: Plan, store: Store) -> str:
    """Open the study's MLflow run, and return its id."""
    documents = {STUDY: {"file": plan.spec.model_dump(), "settings": plan.settings()}}
    return store.parent_run("study", plan.spec.suite.name, plan.name, plan.digest, documents)
