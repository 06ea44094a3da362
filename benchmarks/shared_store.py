"""Record the same cells from several machines' worth of processes into one MLflow server at once, and count them.

    python benchmarks/shared_store.py http://127.0.0.1:5000

Every process has a work folder of its own, as every machine has. All run the same bench, with cells whose result is
written at once instead of computed, so that they meet at every cell. Printed are the runs on the server afterwards by
status, how many cells have finished runs, the most that one cell has, and how long recording took.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Annotated
from unittest.mock import Mock

import numpy as np
import typer

from frontrunner.harness.cells.bench_file import BenchSpec
from frontrunner.harness.records.evaluation import Evaluation
from frontrunner.harness.records.finished_cell import FinishedCell
from frontrunner.harness.records.front_record import FrontRecord
from frontrunner.harness.records.server_address import ServerAddress
from frontrunner.harness.records.shared_store import SharedStore
from frontrunner.harness.records.status import Ending, Status
from frontrunner.harness.running.bench import run_bench
from frontrunner.harness.running.executors.executor import Executor

PLACES = 2
"""Cells that a machine records at the same time."""


class AtOnce(Executor):
    """Writes a front that was not computed."""

    def open(self, n_cells):
        return [f"place {number}" for number in range(PLACES)]

    def run(self, request, *, on_event, stop):
        errors = np.full((1, len(request.cell.tasks)), 0.5)
        evaluation = Evaluation(error=errors, loss=errors, preferences=None, labels=("",))
        record = FrontRecord(
            cell=request.cell,
            evaluation=evaluation,
            reference_point=np.ones(len(request.cell.tasks)),
            pareto_front=None,
            split="test",
            environment={"device": "none"},
            problem="none",
        )
        FinishedCell(record, {"fit_time_s": 0.0}).write(request.scratch)
        return Ending(Status.FINISHED)


def record(server, cells, folder):
    """Be one machine: say that it is ready, wait for the others, and run the bench."""
    spec = BenchSpec(name="shared", suites=["merging-toy"], learners=["interpolation"], seeds=list(range(cells)))
    store = SharedStore(ServerAddress.parse(server))
    (folder / "ready").touch()
    while not (folder.parent / "go").exists():
        time.sleep(0.05)
    start = time.perf_counter()
    run = run_bench(spec, store, executor=AtOnce(), plugins=[], listener=Mock())
    print(json.dumps({"seconds": time.perf_counter() - start, "ran": sum(one.ran for one in run.settled)}))


def count(server):
    """Return what is on the server."""
    attempts = SharedStore(ServerAddress.parse(server)).attempts()
    finished = Counter(one.cell.key for one in attempts if one.status is Status.FINISHED)
    return {
        "runs": dict(Counter(str(one.status) for one in attempts)),
        "cells": len(finished),
        "most_of_one_cell": max(finished.values(), default=0),
    }


def main(
    server: Annotated[str, typer.Argument(help="The address of an MLflow server without runs.")],
    cells: Annotated[int, typer.Option(help="Cells to record.")] = 500,
    machines: Annotated[int, typer.Option(help="Processes that record all of them.")] = 2,
    work: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    if work is not None:
        record(server, cells, work)
        return
    with tempfile.TemporaryDirectory() as home:
        folders = [Path(home) / f"machine-{number}" for number in range(machines)]
        started = []
        for folder in folders:
            folder.mkdir()
            command = [sys.executable, __file__, server, "--cells", str(cells), "--work", str(folder)]
            environment = {**os.environ, "FRONTRUNNER_CACHE": str(folder / "cache")}
            started.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
        while not all((folder / "ready").exists() for folder in folders):
            time.sleep(0.1)
        (Path(home) / "go").touch()
        told = [json.loads(process.communicate()[0].splitlines()[-1]) for process in started]
        os.environ["FRONTRUNNER_CACHE"] = str(Path(home) / "reader")
        print(json.dumps({"machines": told, **count(server)}))


if __name__ == "__main__":
    typer.run(main)
