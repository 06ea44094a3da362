"""Boards made by hand, and stores of results that nothing was run for."""

import contextlib
import json
import os
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from frontrunner.harness.board.leaderboard import Board, Row, leaderboards
from frontrunner.harness.board.raw_boards import as_json
from frontrunner.harness.cells.cell import Cell
from frontrunner.harness.records.attempt import Attempt
from frontrunner.harness.records.evaluation import Evaluation
from frontrunner.harness.records.example_errors import ExampleErrorsSoFar
from frontrunner.harness.records.finished_cell import FinishedCell
from frontrunner.harness.records.front_record import FrontRecord
from frontrunner.harness.records.status import Ending, Status
from frontrunner.harness.records.store import Store
from frontrunner.harness.scoring.measures import INDICATOR_MEASURES
from frontrunner.harness.scoring.scored_cells import ScoredCell
from frontrunner.metrics.statistics import mean_interval


def _result(label, seed, numbers):
    cell = Cell(label, "1", {}, "tiny", "1", ("a", "b"), seed, 3, label)
    run_id = f"{seed}123456789{label.encode().hex()}"
    metrics = {name: value for name, value in numbers.items() if name not in INDICATOR_MEASURES}
    attempt = Attempt(run_id, "1", cell, "finished", "", metrics, None, Path("nowhere"), {}, {})
    return ScoredCell(attempt, {name: value for name, value in numbers.items() if name in INDICATOR_MEASURES})


def _row(label="one", *, unfinished=None, **numbers):
    """A number is that of three seeds; a list has one a seed."""
    if not unfinished:
        numbers = {"hypervolume": 0.5, **numbers}
    n_seeds = max((len(value) for value in numbers.values() if isinstance(value, list)), default=3 if numbers else 0)
    lists = {name: value if isinstance(value, list) else [value] * n_seeds for name, value in numbers.items()}
    results = {
        seed: _result(label, seed, {name: values[seed] for name, values in lists.items() if seed < len(values)})
        for seed in range(n_seeds)
    }
    intervals = {name: mean_interval(values) for name, values in lists.items()}
    return Row(label, "method", f"key of {label}", unfinished or {}, results, intervals)


def _board(*rows, name="tiny v1: a, b"):
    return Board(name, "tiny", ("a", "b"), rows, [1.0, 1.0], "closed form", "abc")


@pytest.fixture(scope="session")
def make_row():
    """(label, unfinished={seed: why}, measure=value or one a seed) -> a row; 0.5 of hypervolume unless told."""
    return _row


@pytest.fixture(scope="session")
def make_board():
    """(rows, name) -> a board."""
    return _board


def _cell(label="one", seed=0, *, suite="made-up", tasks=("a", "b")):
    return Cell(label, "1", {"label": label}, suite, "1", tasks, seed, 3, label)


def _record(
    store, cell, objectives, *, truth=None, preferences=True, status="finished", reason="", wrong=None, **costs
):
    """One attempt at a cell, as a bench leaves it; its run id. `wrong` are errors by example, whose means count."""
    parent = store.parent_run("bench", cell.suite, "made up", "digest", {"cells.json": {"cells": []}})
    run_id = store.begin(cell, parent)
    with store.scratch(cell) as scratch:
        if status != "finished":
            store.record_unfinished(run_id, cell, Ending(Status(status), reason), scratch)
            return run_id
        by_example = ExampleErrorsSoFar(0 if wrong is None else len(wrong))
        for of_member in [] if wrong is None else wrong:
            by_example.add(of_member)
        known = by_example.collected()
        errors = np.asarray(objectives if known is None else known.errors(), dtype=float)
        n, n_tasks = errors.shape
        weights = np.linspace(1, 0, n)[:, None] if n_tasks == 2 else None
        record = FrontRecord(
            cell=cell,
            evaluation=Evaluation(
                error=errors,
                loss=errors,
                preferences=np.hstack([weights, 1 - weights]) if preferences else None,
                labels=("",) * n,
            ),
            reference_point=np.ones(n_tasks),
            pareto_front=None if truth is None else np.asarray(truth, dtype=float),
            split="test",
            environment={"torch": "2.0", "device": "cpu"},
            problem="problem",
        )
        FinishedCell(record, costs, example_errors=known).write(scratch)
        store.record(run_id, FinishedCell.read(scratch), scratch)
    return run_id


@pytest.fixture(scope="session")
def make_cell():
    """(label, seed, suite=, tasks=) -> a cell of a suite that nobody needs to have."""
    return _cell


@pytest.fixture(scope="session")
def record():
    """(store, cell, objectives, truth=, status=, ...) -> the run id of a recorded attempt."""
    return _record


@pytest.fixture
def store(tmp_path):
    """Empty."""
    return Store(tmp_path / "store", create=True)


def _boards(store):
    found = json.loads(as_json(leaderboards(store)))
    for board in found:
        for row in board["rows"]:
            del row["run_ids"]
    return found


@pytest.fixture(scope="session")
def boards():
    """(store) -> all numbers of all boards, without the ids of runs."""
    return _boards


@dataclass(frozen=True)
class FirstRelease:
    """What version 0.1.0 left behind, see tests/data/README.md."""

    bench: Path
    bundle: Path
    board: Path
    packed: Path

    def unpack(self, folder):
        """The store, in another place than it was made in."""
        with tarfile.open(self.packed) as archive:
            archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python has none before 3.11.4
            archive.extractall(folder)
        return folder


@pytest.fixture(scope="session")
def first_release():
    """What version 0.1.0 left behind."""
    data = Path(__file__).parents[1] / "data"
    names = ("bench-0.1.0.yaml", "results-0.1.0.zip", "board-0.1.0.json", "store-0.1.0.tar.xz")
    return FirstRelease(*(data / name for name in names))


BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# As in a container: no sandbox of its own, no graphics card, nothing of the browser's own on the network.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def launch_chromium():
    """(arguments) -> a browser, as playwright gives it; from FRONTRUNNER_CHROMIUM or PATH, tests skip without one."""
    path = os.environ.get("FRONTRUNNER_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no Chromium: none of {', '.join(BROWSERS)} is on PATH and FRONTRUNNER_CHROMIUM is not set")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (the dev extra has it)")
    with playwright.sync_playwright() as driver, contextlib.ExitStack() as browsers:

        def launch(*arguments):
            browser = driver.chromium.launch(executable_path=path, args=[*ARGUMENTS, *arguments])
            browsers.callback(browser.close)
            return browser

        yield launch


@pytest.fixture(scope="module")
def chromium(launch_chromium):
    """A browser that draws in space without a graphics card."""
    return launch_chromium("--enable-unsafe-swiftshader")
