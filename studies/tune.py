"""Runs studies: every device takes trials until there are as many as asked for, and the result is recorded."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback, fail_stale_trials
from optuna.trial import FrozenTrial, Trial, TrialState

from ..errors import FrontrunnerError, StoreError
from ..harness.records.status import Ending, Status
from ..harness.records.store import Store
from ..harness.reports.publish import Published, Publisher
from ..harness.running.devices import on_each_device
from ..harness.running.settle import Listener
from ..harness.running.worker_process import preload
from .record import record_study
from .sampler import MISUSED, make_sampler, misused
from .space import ENUMERABLE
from .spec import SamplerSpec
from .standing import BEGUN, DISCARDED, Standing, slot
from .storage import SIGNS_MISSED, explained, quiet
from .study import OpenStudy, Plan
from .trial import DiscardedError, FailedError, TrialRunner, UnsettledError

LOOK_UP_INTERVAL_S = 2.0
"""How often a worker without work looks whether another's trial has come free."""
UNBORN_S = 60.0
"""Beyond the time after which a worker is taken for dead."""
PATIENCE = 5
"""Configurations in a row that were none of their own, after which one is drawn at random from those left."""


class StudyListener(Listener, Protocol):
    """Is also told how trials end."""

    def tried(self, study: OpenStudy, trial: FrozenTrial) -> None:
        """A trial has ended: with values, given up, failed, discarded, or to be tried again."""


@dataclass(frozen=True)
class Worker:
    """One device's share of a study; it comes back when the study is done."""

    plan: Plan
    storage: RDBStorage
    store: Store
    parent: str
    device: str
    plugins: Sequence[str]
    listener: StudyListener
    publisher: Publisher
    """Draws the fronts of trials outside this thread."""
    unborn: dict[int, float] = field(default_factory=dict)
    """Trials that run -> when they were first seen."""

    def __call__(self, stop: threading.Event) -> None:
        """Take trials until there are enough and all are settled, or `stop`."""
        study = OpenStudy(self.plan, self.storage, self.store)
        listener = Published(self.listener, self.publisher)
        run = TrialRunner(study, self.store, self.parent, self.device, self.plugins, stop, listener)
        discarded = 0
        while not stop.is_set():
            self._retry_lost(study)
            trials = study.optuna.get_trials(deepcopy=False)
            standing = Standing.of(trials)
            waiting = any(trial.state == TrialState.WAITING for trial in trials)
            enough = len(standing.trials) >= min(self.plan.spec.trials, self.plan.space.size())
            sampler = self.plan.spec.sampler
            if not waiting and not enough and discarded >= PATIENCE:
                if self.plan.space.size() <= ENUMERABLE:
                    enough = not self._propose_unseen(study, standing)
                else:
                    sampler = SamplerSpec(name="random", seed=sampler.seed)
            if waiting or not enough:
                study.optuna.sampler = make_sampler(
                    sampler, self.plan.spec.trials, len({slot(trial) for trial in trials})
                )
                last = self._try(study, run)
                discarded = discarded + 1 if DISCARDED in last.user_attrs else 0
            elif standing.open(self.plan.spec.trials):
                stop.wait(LOOK_UP_INTERVAL_S)
            else:
                return

    def _try(self, study: OpenStudy, run: TrialRunner) -> FrozenTrial:
        """One trial, whatever becomes of it."""
        asked: list[int] = []
        ours: list[BaseException] = []

        def objective(trial: Trial) -> list[float]:
            asked.append(trial.number)
            try:
                return run(trial)
            except BaseException as error:
                ours.append(error)
                raise

        try:
            study.optuna.optimize(objective, n_trials=1, catch=(DiscardedError, UnsettledError, FailedError))
        except Exception as error:
            if not asked and isinstance(error, MISUSED):
                raise misused(self.plan.spec.sampler, error) from error
            if not asked or (error in ours and not isinstance(error, UpdateFinishedTrialError)):
                raise
            # Optuna refuses its end: the worker was taken for dead, after a suspension perhaps. Its cells are
            # recorded, for whoever tries again.
            if not study.trial(asked[0]).state.is_finished():
                raise
        ended = study.trial(asked[0])
        self.listener.tried(study, ended)
        return ended

    def _retry_lost(self, study: OpenStudy) -> None:
        """Queue again what a worker has left behind, whether it died or was interrupted."""
        with study.lock:
            fail_stale_trials(study.optuna)
            self._fail_unborn(study)
            for trial in study.standing().lost(self.plan.spec.trials):
                RetryHeartbeatStaleTrialCallback(inherit_intermediate_values=True)(study.optuna, trial)

    def _fail_unborn(self, study: OpenStudy) -> None:
        """Give up on trials whose worker died before its first sign of life, which Optuna waits for for ever."""
        for trial in study.optuna.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            since = self.unborn.setdefault(trial.number, time.monotonic())
            patience = UNBORN_S + SIGNS_MISSED * self.plan.spec.heartbeat_s
            if trial.user_attrs.get(BEGUN) != trial.number and time.monotonic() - since > patience:
                study.optuna.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)

    def _propose_unseen(self, study: OpenStudy, standing: Standing) -> bool:
        """Queue a configuration that nobody has tried; False where all have been."""
        rng = np.random.default_rng([self.plan.spec.sampler.seed, len(standing.trials)])
        params = self.plan.space.unseen([trial.params for trial in standing.trials], rng)
        if params is not None:
            study.optuna.enqueue_trial(params)
        return params is not None


def run_study(
    plan: Plan,
    storage: RDBStorage,
    store: Store,
    *,
    devices: Sequence[str],
    plugins: Sequence[str],
    listener: StudyListener,
) -> OpenStudy:
    """Run what is left of a study and record what it found; several processes may do so at once.

    Args:
        plan: what to do.
        storage: where Optuna keeps the trials.
        store: where their cells are recorded.
        devices: torch device names; each runs one trial at a time.
        plugins: files that every worker loads too.
        listener: is told how it goes.

    Raises:
        StoreError: the storage or the store cannot be used.
        CellError: no trial has a value.
    """
    with quiet(), explained(str(storage.url)):
        study = OpenStudy(plan, storage, store)
        parent = store.parent_run(
            "study",
            plan.spec.suite.name,
            plan.name,
            plan.digest,
            {"study.json": {"file": plan.spec.model_dump(), "settings": plan.settings()}},
        )
        preload([plan.spec.suite.name])

        def serve(device: str, stop: threading.Event) -> None:
            with explained(str(storage.url)):
                Worker(plan, storage, store, parent, device, plugins, listener, publisher)(stop)

        try:
            with Publisher(store, scores=False) as publisher:
                on_each_device(devices, serve)
            record_study(study, store, parent)
        except FrontrunnerError as error:
            with contextlib.suppress(StoreError):
                store.end(parent, Ending(Status.FAILED, str(error)))
            raise
        except BaseException:
            store.end(parent, Ending(Status.KILLED, "the study was interrupted"))
            raise
    return study
