"""Measure how long a leaderboard takes on a store of many runs, in the terminal and as a page.

    python benchmarks/leaderboard_size.py --runs 10000

Fills a store with synthetic finished cells (ten suites of three tasks, fifty learners, 21 preferences): their folders
as workers write them, their runs straight into MLflow's database, since its own client takes some 100 ms a run. Then
times the command line as users call it, three times each; the first time also scores every front, as the end of a
bench does.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import numpy as np

from frontrunner.file_digest import digest_files
from frontrunner.harness.cells.cell import Cell, cells_document
from frontrunner.harness.records.evaluation import Evaluation
from frontrunner.harness.records.finished_cell import FinishedCell
from frontrunner.harness.records.front_record import FrontRecord
from frontrunner.harness.records.metric_names import CURVE_METRIC
from frontrunner.harness.records.mlflow_run import ended_tags, finished_metrics, finished_tags, started_tags
from frontrunner.harness.records.mlflow_tags import PREFIX
from frontrunner.harness.records.status import Ending, Status
from frontrunner.harness.records.store import Store
from frontrunner.metrics import simplex_grid

TASKS = ("digits", "fashion", "animals")
N_SUITES, N_LEARNERS = 10, 50
GRID = simplex_grid(3, 6)
ENVIRONMENT = {
    "python": "3.11.7",
    "frontrunner": "0.1.0",
    "torch": "2.14.1",
    "numpy": "2.4.6",
    "commit": "0123456789ab",
    "platform": "Linux-6.1-x86_64",
    "device": "cpu",
    "cpus": "2",
}


def synthetic_front(rng: np.random.Generator, skill: float) -> np.ndarray:
    """Return errors that fall with the preference's weight from 0.9 to what `skill` (0 to 1) allows, shape (21, 3)."""
    return np.clip(0.9 - (0.3 + 0.4 * skill) * np.sqrt(GRID) + rng.normal(0, 0.02, GRID.shape), 0, 1).round(4)


def fill(store: Store, n_runs: int) -> None:
    """Synthetic finished runs with their folders."""
    rng = np.random.default_rng(0)
    seeds = -(-n_runs // (N_SUITES * N_LEARNERS))
    now = int(time.time() * 1000)
    wanted = itertools.islice(itertools.product(range(N_SUITES), range(N_LEARNERS), range(seeds)), n_runs)
    with contextlib.closing(sqlite3.connect(store.folder / "mlflow.db")) as database:
        for suite, places in itertools.groupby(wanted, key=lambda place: f"suite-{place[0]:02d}"):
            experiment, parent = int(store._experiment(suite)), uuid.uuid4().hex
            cells = []
            for _, learner, seed in places:
                cells.append(_cell(suite, learner, seed))
                finished = _finished(cells[-1], synthetic_front(rng, learner / N_LEARNERS), rng)
                _record(store, database, experiment, finished, now + len(cells), parent)
            tags = {f"{PREFIX}kind": "bench", f"{PREFIX}bench": suite}
            _insert_run(database, parent, "synthetic", experiment, now, tags)
            folder = store.files_of(parent, suite)
            folder.mkdir(parents=True)
            (folder / "cells.json").write_text(json.dumps(cells_document(cells)), encoding="utf-8")
            database.commit()


def _cell(suite: str, learner: int, seed: int) -> Cell:
    return Cell(
        method=f"method-{learner % 25:02d}",
        method_version="1",
        options={"lr": 0.01, "steps": 400, "variant": learner // 25, "hidden_size": None},
        suite=suite,
        suite_version="1",
        tasks=TASKS,
        seed=seed,
        points_per_edge=6,
        label=f"method-{learner % 25:02d} (variant {learner // 25})",
    )


def _finished(cell: Cell, errors: np.ndarray, rng: np.random.Generator) -> FinishedCell:
    fit, evaluate = rng.uniform(5, 50), rng.uniform(5, 20)
    return FinishedCell(
        front=FrontRecord(
            cell=cell,
            evaluation=Evaluation(error=errors, loss=2 * errors, preferences=GRID, labels=("",) * len(GRID)),
            reference_point=np.ones(3),
            pareto_front=None,
            split="test",
            environment=ENVIRONMENT,
            problem="0123456789abcdef",
        ),
        costs={
            "prepare_time_s": 1.0,
            "prepare_peak_rss_bytes": 7e8,
            "fit_time_s": fit,
            "fit_peak_rss_bytes": 7.5e8,
            "evaluate_time_s": evaluate,
            "evaluate_peak_rss_bytes": 7.7e8,
            "wall_time_s": fit + evaluate,
            "peak_rss_bytes": 7.7e8,
            "trainable_parameters": 180.0,
            "total_parameters": 6e5,
            "model_parameters": 4.7e5,
            "front_points": float(len(GRID)),
            "labelled_examples": 7500.0,
            "unlabelled_examples": 0.0,
            "full_trainings": 0.0,
            "solve_time_s": 0.003,
        },
        curve=[{"step": 400.0, "loss": 0.6}],
        resolved=cell.options,
    )


def _record(
    store: Store, database: sqlite3.Connection, experiment: int, finished: FinishedCell, now: int, parent: str
) -> None:
    """As `Store.record` leaves a cell, but for its parameters."""
    cell, run_id = finished.cell, uuid.uuid4().hex
    folder = store.files_of(run_id, cell.suite)
    folder.mkdir(parents=True)
    finished.write(folder)
    digests = {file.name: digest_files(file) for file in folder.iterdir()}
    tags = {
        **started_tags(cell, parent),
        **finished_tags(digests, finished.environment, ""),
        **ended_tags(Ending(Status.FINISHED)),
    }
    _insert_run(database, run_id, f"{cell.label} · seed {cell.seed}", experiment, now, tags)
    metrics = {**finished_metrics(finished), f"{CURVE_METRIC}loss": 0.6}
    rows = [(name, value, now, 0, 0, run_id) for name, value in metrics.items()]
    database.executemany("insert into latest_metrics values (?, ?, ?, ?, ?, ?)", rows)
    columns = "key, value, timestamp, step, is_nan, run_uuid"
    database.executemany(f"insert into metrics ({columns}) values (?, ?, ?, ?, ?, ?)", rows)


def _insert_run(database, run_id, name, experiment, now, tags):
    """Insert a finished run with its tags into MLflow's tables."""
    database.execute(
        "insert into runs (run_uuid, name, source_type, status, start_time, end_time, lifecycle_stage, experiment_id) "
        "values (?, ?, 'LOCAL', 'FINISHED', ?, ?, 'active', ?)",
        (run_id, name, now, now + 1000, experiment),
    )
    rows = [(key, value, run_id) for key, value in {**tags, "mlflow.runName": name}.items()]
    database.executemany("insert into tags (key, value, run_uuid) values (?, ?, ?)", rows)


def timed(*arguments: str) -> tuple[float, int]:
    """Return the seconds that a command takes as users start it, and the bytes that it prints."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "frontrunner", *arguments], check=True, capture_output=True)
    return time.perf_counter() - start, len(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000, help="Number of runs in the store.")
    parser.add_argument(
        "--store", type=Path, help="Folder of a store to keep and not fill again; a temporary one when absent."
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.store or Path(temporary) / "store"
        if not (folder / "mlflow.db").exists():
            start = time.perf_counter()
            fill(Store(folder, create=True), arguments.runs)
            print(f"filled with {arguments.runs:,} runs in {time.perf_counter() - start:.0f} s", flush=True)
        page = Path(temporary) / "leaderboard.html"
        for what, command in (
            ("terminal", ("leaderboard", "--store", str(folder))),
            ("page", ("leaderboard", "--store", str(folder), "--format", "html", "--output", str(page))),
        ):
            times = [timed(*command)[0] for _ in range(3)]
            print(f"{what:9s} {' '.join(f'{seconds:6.2f} s' for seconds in times)}", flush=True)
        print(f"page of {page.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
