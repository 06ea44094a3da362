"""Measure what the harness adds to the time of a tuning trial, by part: everything but fitting and evaluating.

    python benchmarks/trial_overhead.py

The trials are of `pwe-moe-ls` on three tasks of `vision-mini`, one after the other, in a temporary store. The first is
left out, since it waits for the process that workers are forked from to start, which happens once a command.
"""

import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from stopwatch import Stopwatch

from frontrunner.harness.records.store import Store
from frontrunner.harness.running.executors.local import LocalExecutor
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
    "record": "the process ends; its folder is checked and recorded",
    "tell": "Optuna is told the value",
}


class StudyStopwatch(Stopwatch):
    """A `StudyListener` that keeps the seconds of the parts of trials."""

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
    watch = StudyStopwatch(before="choose", after="tell")
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), create=True)
        storage = open_storage(default_url(store.folder), store.folder, spec.heartbeat_s)
        run_study(plan, storage, store, executor=LocalExecutor(["cpu"]), plugins=[], listener=watch)
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
