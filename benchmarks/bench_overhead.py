"""Measure what the harness adds to a cell that does nearly nothing, by part, and how often fronts are read.

    python benchmarks/bench_overhead.py

It runs two hundred cells of `interpolation` and `weight-averaging` on `merging-toy` on one worker, in a store that is
thrown away. The first cell also waits for the process that workers are forked from; its parts are in the means.
Then the leaderboard is read once more. Wall time a cell is that of the whole bench, its end included, divided by the
cells; CPU time is that of the parent process alone.
"""

from __future__ import annotations

import resource
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import pyarrow.parquet as pq
import typer
from rich.console import Console
from rich.table import Table
from stopwatch import Stopwatch

from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.cells.bench_file import BenchSpec
from frontrunner.harness.records.store import Store
from frontrunner.harness.reports.publish import run_and_publish_bench
from frontrunner.harness.running.executors.local import LocalExecutor
from frontrunner.metrics.builtin_indicators import HypervolumeIndicator, Igd

PARTS = {
    "start": "the run is opened in MLflow, the process is forked and reports",
    "prepare": "the suite is prepared",
    "fit": "the learner's own",
    "evaluate": "the front is evaluated, the finished cell written",
    "record": "the process ends; its folder is checked and recorded",
    "settle": "the cell's lock is freed, the next cell looked up",
}


def counted(counts, name, function):
    """Wrap the function so that its calls are counted under the name and the thread."""

    def call(*given, **keys):
        counts[name, threading.current_thread().name] += 1
        return function(*given, **keys)

    return call


def main(cells: Annotated[int, typer.Option(help="Number of cells to run, which must be even.")] = 200) -> None:
    spec = BenchSpec(
        name="overhead",
        suites=["merging-toy"],
        learners=["interpolation", "weight-averaging"],
        seeds=list(range(cells // 2)),
    )
    counts: Counter = Counter()
    pq.ParquetFile.__init__ = counted(counts, "Parquet files read", pq.ParquetFile.__init__)
    HypervolumeIndicator.value = counted(counts, "fronts scored by themselves", HypervolumeIndicator.value)
    Igd.value = counted(counts, "fronts scored against a reference", Igd.value)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), create=True)
        watch = Stopwatch(before="settle", after="settle")
        before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        run_and_publish_bench(spec, store, executor=LocalExecutor(["cpu"]), plugins=[], listener=watch)
        ended = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_SELF)
        leaderboards(store)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    table = Table("part", "mean s a cell", "what it is")
    for part, meaning in PARTS.items():
        table.add_row(part, f"{sum(watch.seconds[part]) / cells:.3f}", meaning)
    end = ended - sum(map(sum, watch.seconds.values()))
    table.add_row("end", f"{end / cells:.3f}", "after the last cell: its pictures, the bench's summary")
    table.add_row("wall time", f"{ended / cells:.3f}", f"of {ended:.1f} s in all")
    table.add_row("parent's CPU", f"{cpu / cells:.3f}", f"of {cpu:.1f} s in all, without imports before")
    console = Console(width=120)
    console.print(table)
    for name in sorted({name for name, _ in counts}):
        by_thread = {thread: n for (found, thread), n in counts.items() if found == name}
        total = sum(by_thread.values())
        console.print(f"{name}: {total}, {total / cells:.2f} a cell, by thread {by_thread}")


if __name__ == "__main__":
    typer.run(main)
