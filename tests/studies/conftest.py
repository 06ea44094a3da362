"""Studies on the tiny suite whose cells are functions of this process, and trials made up in memory."""

import contextlib
import functools
from dataclasses import dataclass, field
from pathlib import Path

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState

SHORT = {"method": "pwe-moe-ls", "options": {"steps": 8, "upscale": "model"}}
FUSSY_PLUGIN = Path(__file__).parent / "fussy_plugin.py"


@pytest.fixture(scope="session", autouse=True)
def fussy(tiny):
    """The learner of fussy_plugin.py, registered; the file's path."""
    from frontrunner.harness.cells.plugins import load_plugins

    load_plugins([str(FUSSY_PLUGIN)])
    return FUSSY_PLUGIN


@contextlib.contextmanager
def nothing_drawn():
    """No pictures of fronts and studies, which take longer than all the rest."""
    from frontrunner.harness.reports.cell_pictures import CellPictures
    from frontrunner.studies import record

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "draw_plots", lambda *_: None)
        patch.setattr(CellPictures, "draw", lambda *_: None)
        yield


@pytest.fixture
def undrawn():
    """No pictures."""
    with nothing_drawn():
        yield


@dataclass
class Watcher:
    """A listener that remembers; `at` is called with how many cells have begun."""

    at: object = None
    cells: list = field(default_factory=list)
    tries: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    def begins(self, cell, device):
        self.cells.append(cell)
        if self.at is not None:
            self.at(len(self.cells))

    def waits(self, cell):
        pass

    def reports(self, cell, event):
        pass

    def ends(self, outcome):
        pass

    def tried(self, study, trial):
        self.tries.append(trial)

    def noted(self, note):
        self.notes.append(note)


@dataclass
class Tuning:
    """A file of a tuning and where it is run."""

    folder: Path
    keys: dict
    draws: bool

    @functools.cached_property
    def spec(self):
        from frontrunner.studies.spec import TuneSpec

        shortest = {"name": "t", "suite": {"name": "tiny", "points_per_edge": 2}, "learners": [SHORT], "trials": 3}
        return TuneSpec.model_validate(shortest | self.keys)

    @functools.cached_property
    def plan(self):
        from frontrunner.studies.study import Plan

        return Plan.of(self.spec, self.spec.learners[0])

    @functools.cached_property
    def store(self):
        from frontrunner.harness.records.store import Store

        return Store(self.folder, create=True)

    @property
    def storage(self):
        from frontrunner.studies.storage import default_url, open_storage

        return open_storage(default_url(self.folder), self.folder, self.spec.heartbeat_s)

    def run(self, listener=None, devices=("cpu",), **keys):
        """Run what is left of the first learner's study; what the listener saw."""
        from frontrunner.harness.running.executors.local import LocalExecutor
        from frontrunner.studies.tune import run_study

        listener = listener or Watcher()
        with contextlib.nullcontext() if self.draws else nothing_drawn():
            executor = LocalExecutor(devices)
            run_study(self.plan, self.storage, self.store, executor=executor, plugins=[], listener=listener, **keys)
        return listener

    def open(self):
        """The study as it stands."""
        from frontrunner.studies.study import OpenStudy

        return OpenStudy(self.plan, self.storage, self.store)

    def trials(self):
        """Those that count."""
        return list(self.open().counted().trials)

    def runs(self, kind):
        """Those of MLflow that are of a kind, oldest first."""
        experiments = [experiment.experiment_id for experiment in self.store.client.search_experiments()]
        order = ["attributes.start_time ASC"]
        return list(self.store.client.search_runs(experiments, f"tags.`frontrunner.kind` = '{kind}'", order_by=order))

    def parent(self):
        """The MLflow run of the study."""
        (run,) = self.runs("study")
        return run

    def attempts(self):
        """Every attempt at a cell of a trial."""
        return self.store.attempts(kind="trial")

    def artifacts(self):
        """Folder of what is kept on the parent run."""
        return self.folder / "artifacts" / "tiny" / self.parent().info.run_id / "artifacts"


@pytest.fixture(scope="session")
def tuning():
    """(folder, **keys) -> a Tuning of three trials of one seed, unless the keys of its file say otherwise.

    It draws no plots unless it is asked to; they take longer than all the rest.
    """
    return lambda folder, *, draws=False, **keys: Tuning(folder, keys, draws)


@pytest.fixture(scope="session")
def watcher():
    """The class Watcher."""
    return Watcher


@pytest.fixture
def of_trials():
    """([{state, x, ...}]) -> the trials of a study in memory; `x` is their only option."""

    def make(*described):
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(direction="maximize")
        for trial in described:
            x = trial.get("x")
            state = getattr(TrialState, trial.get("state", "COMPLETE"))
            study.add_trial(
                optuna.create_trial(
                    state=state,
                    values=[trial.get("value", 0.0)] if state == TrialState.COMPLETE else None,
                    params={} if x is None else {"x": x},
                    distributions={} if x is None else {"x": FloatDistribution(0, 10)},
                    user_attrs=trial.get("user", {}),
                    system_attrs=trial.get("system", {}),
                )
            )
        return study.get_trials()

    return make
