"""Measure what the harness adds to the time of a tuning trial, by part: everything but fitting and evaluating.

    python benchmarks/trial_overhead.py

The trials are of `pwe-moe-ls` on three tasks of `vision-mini`, one after the other, in a temporary store. The first is
left out, since it waits for the process that workers are forked from to start, which happens once a command.
"""

import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from frontrunner.harness.records.status import Status
from frontrunner.harness.records.store import Store
from frontrunner.harness.running.worker_events import PhaseStarted, Progressed
from frontrunner.studies.spec import TuneSpec
from frontrunner.studies.storage import default_url, open_storage
from frontrunner.studies.study import Plan
from frontrunner.studies.tune import run_study

TRIAL_S = 60.0
"""Seconds of an imagined trial that the parts are compared with."""
PARTS = {
    "choose": "Optuna proposes a configuration, the run is opened in MLflow",
    "start": "the process starts and reports",
    "prepare": "the suite is loaded, experts read from the cache",
    "fit": "of this benchmark: a trial's own",
    "evaluate": "of this benchmark: a trial's own",
    "record": "the process ends; front, metrics, curve and picture are recorded",
    "tell": "Optuna is told the value",
}


class Stopwatch:
    """A `StudyListener` that keeps the seconds between the events it receives, by part of a trial."""

    def __init__(self):
        self.last = time.perf_counter()
        self.part = "choose"
        self.seconds = defaultdict(list)

    def lap(self, part):
        now = time.perf_counter()
        self.seconds[self.part].append(now - self.last)
        self.last, self.part = now, part

    def begins(self, cell, device):
        self.lap("start")

    def waits(self, cell):
        pass

    def reports(self, cell, event):
        if isinstance(event, PhaseStarted):
            self.lap(event.phase)
        elif isinstance(event, Progressed) and event.activity == "evaluate" and event.step == event.total:
            self.lap("record")

    def ends(self, settled):
        assert settled.ending.status is Status.FINISHED, settled.ending
        self.lap("tell")

    def tried(self, study, trial):
        self.lap("choose")


def measure(
    trials: Annotated[int, typer.Option(help="Number of measured trials; one more is run before them.")] = 6,
    steps: Annotated[int, typer.Option(help="Number of training steps of a fit.")] = 50,
) -> None:
    spec = TuneSpec.model_validate(
        {
            "name": "overhead",
            "suite": {"name": "vision-mini", "tasks": ["digits", "fashion", "animals"], "points_per_edge": 4},
            "learners": [{"method": "pwe-moe-ls", "options": {"steps": steps}}],
            "space": ["hidden_size", "lr"],
            "trials": trials + 1,
            "early_stop": None,
        }
    )
    plan = Plan.of(spec, spec.learners[0])
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), create=True)
        storage = open_storage(default_url(store.folder), store.folder, spec.heartbeat_s)
        run_study(plan, storage, store, devices=["cpu"], plugins=[], listener=watch)
    table = Table("part", "median s", f"share of {TRIAL_S:.0f} s", "what it is")
    overhead = 0.0
    for part, meaning in PARTS.items():
        median = float(np.median(watch.seconds[part][1 : trials + 1]))
        own = part in ("fit", "evaluate")
        overhead += 0 if own else median
        table.add_row(part, f"{median:.2f}", "" if own else f"{median / TRIAL_S:.1%}", meaning)
    table.add_row("overhead", f"{overhead:.2f}", f"{overhead / TRIAL_S:.1%}", "sum of the parts with a share")
    Console(width=120).print(table)


if __name__ == "__main__":
    typer.run(measure)
