"""Measure how long a leaderboard takes on a store of many runs, in the terminal and as a page.

    python benchmarks/leaderboard_size.py --runs 10000

It first writes synthetic finished runs (ten suites of three tasks, fifty learners, 21 preferences) directly into a
store's MLflow database, since MLflow's own client takes some 100 ms a run. Then it times the command line as users call
it, three times each; the first time also scores every front, as the end of a bench does.
"""

from __future__ import annotations

import argparse
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
from frontrunner.harness.records.front_record import FrontRecord
from frontrunner.harness.records.mlflow_tags import PREFIX
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
    """Write synthetic finished runs and their artifacts to a store."""
    rng = np.random.default_rng(0)
    seeds = -(-n_runs // (N_SUITES * N_LEARNERS))
    database = sqlite3.connect(store.folder / "mlflow.db")
    now = int(time.time() * 1000)
    made = 0
    for s in range(N_SUITES):
        suite = f"suite-{s:02d}"
        experiment = int(store._experiment(suite))
        cells = []
        parent = uuid.uuid4().hex
        for learner in range(N_LEARNERS):
            for seed in range(seeds):
                if made == n_runs:
                    break
                cell = Cell(
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
                cells.append(cell)
                _record(store, database, experiment, cell, synthetic_front(rng, learner / N_LEARNERS), now, parent, rng)
                now += 1
                made += 1
        _insert_run(database, parent, "synthetic", experiment, now, {f"{PREFIX}kind": "bench", f"{PREFIX}bench": suite})
        folder = store.folder / "artifacts" / suite / parent / "artifacts"
        folder.mkdir(parents=True)
        (folder / "cells.json").write_text(json.dumps(cells_document(cells)))
        database.commit()
    database.close()


def _record(store, database, experiment, cell, errors, now, parent, rng):
    """Write the files and the MLflow run of one finished cell, with made-up costs."""
    run_id = uuid.uuid4().hex
    folder = store.folder / "artifacts" / cell.suite / run_id / "artifacts"
    folder.mkdir(parents=True)
    FrontRecord(
        cell=cell,
        evaluation=Evaluation(error=errors, loss=2 * errors, preferences=GRID, labels=("",) * len(GRID)),
        reference_point=np.ones(3),
        pareto_front=None,
        split="test",
        environment=ENVIRONMENT,
        problem="0123456789abcdef",
    ).write(folder / "front.parquet")
    tags = {
        f"{PREFIX}kind": "cell",
        f"{PREFIX}cell": cell.key,
        f"{PREFIX}spec": json.dumps(cell.to_json()),
        f"{PREFIX}method": cell.method,
        f"{PREFIX}label": cell.label,
        f"{PREFIX}group": cell.group,
        f"{PREFIX}status": "finished",
        "mlflow.parentRunId": parent,
        f"{PREFIX}digests": json.dumps({"front.parquet": digest_files(folder / "front.parquet")}),
        **{f"{PREFIX}{name}": value for name, value in ENVIRONMENT.items()},
    }
    fit, evaluate = rng.uniform(5, 50), rng.uniform(5, 20)
    metrics = {
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
        "train_loss": 0.6,
        **{f"min_error_{task}": float(value) for task, value in zip(TASKS, errors.min(axis=0), strict=True)},
    }
    _insert_run(database, run_id, f"{cell.label} · seed {cell.seed}", experiment, now, tags)
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
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--store", type=Path, help="Kept, and not filled again; a temporary one when absent.")
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
