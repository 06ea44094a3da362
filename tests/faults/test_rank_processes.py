"""A fit on several devices, one of whose processes dies, fails or hangs: the cell ends with a reason."""

import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from processes import below, living, workers_of

from frontrunner.harness.cells.make_cell import make_cell
from frontrunner.harness.cells.plugins import load_plugins
from frontrunner.harness.records.finished_cell import FinishedCell
from frontrunner.harness.running import worker_process
from frontrunner.harness.running.cell_request import CellRequest
from frontrunner.harness.running.worker_process import run_in_process
from frontrunner.methods import METHODS
from frontrunner.tasks import SUITES

PLUGIN = Path(__file__).with_name("troubled_plugin.py")
TWO = "cpu+cpu"


@pytest.fixture
def run(tmp_path, tiny, monkeypatch):
    """(method, options, suite, devices) -> how the cell ended, and what it has measured."""
    load_plugins([str(PLUGIN)])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(worker_process, "CHECKPOINT_INTERVAL_S", 0.0)

    def run(method="troubled", options=None, suite="tiny", devices=TWO, on_event=lambda event: None):
        given = {"steps": 40, "upscale": "all", **(options or {})}
        cell = make_cell(method, suite, tasks=None, seed=0, options=given, points_per_edge=2)
        scratch = tmp_path / f"scratch{len(list(tmp_path.iterdir()))}"
        scratch.mkdir()
        asked = CellRequest(cell, devices, (tiny.__file__, str(PLUGIN)), scratch, tmp_path / f"checkpoints of {method}")
        ending = run_in_process(asked, on_event=on_event, stop=threading.Event())
        return ending, scratch

    yield run
    del METHODS._entries["troubled"], SUITES._entries["twice"]


def front(scratch):
    return FinishedCell.read(scratch).front.evaluation.loss


def no_process_is_left(scratch):
    """None stands where the cell has run."""
    stands = []
    for process in psutil.process_iter():
        try:
            stands.append((process.pid, process.open_files()))
        except psutil.Error:
            continue
    return [pid for pid, files in stands for file in files if str(scratch) in file.path] == []


TROUBLES = {
    "dies": ("killed", "process 1 of the fit (cpu) was ended by signal 9 (out of memory?)", True),
    "leaves": ("failed", "process 1 of the fit (cpu) ended with status 3", False),
    "raises": ("failed", "process 1 of the fit (cpu): RuntimeError: this process has no luck", False),
    "exhausts": ("out of memory", "process 1 of the fit (cpu): OutOfMemoryError: no room for a tensor", True),
}


@pytest.mark.parametrize(
    "how", [how if how == "dies" else pytest.param(how, marks=pytest.mark.slow) for how in TROUBLES]
)
def test_another_process_that_fails_ends_the_cell_at_once(how, run):
    status, reason, resumable = TROUBLES[how]
    ending, scratch = run(options={"how": how})  # the timeout is ten minutes
    assert (ending.status, ending.resumable) == (status, resumable)
    assert ending.reason.startswith(reason)
    assert no_process_is_left(scratch)


@pytest.mark.slow
@pytest.mark.parametrize(("rank", "who"), [(1, "process 1 of the fit (cpu)"), (0, "the first process")])
def test_a_process_that_hangs_ends_the_cell_after_the_timeout(rank, who, run, monkeypatch):
    monkeypatch.setattr(worker_process, "RANK_TIMEOUT_S", 20.0)
    ending, scratch = run(options={"how": "hangs", "rank": rank})
    assert (ending.status, ending.resumable) == ("failed", True)
    assert ending.reason.startswith(who)
    assert ending.reason.endswith("did not answer within 20 s")
    assert no_process_is_left(scratch)


@pytest.mark.slow
def test_an_error_of_every_process_is_that_of_the_first(run):
    ending, _ = run("pwe-moe-ls", {"lr": 1e30})
    assert ending.status == "failed"
    assert ending.reason.startswith("the loss is")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("dies", "process 1 of the fit (cpu) was ended by signal 9"),
        ("differs", "process 1 of the fit (cpu) has prepared other weights than the first"),
    ],
)
def test_another_process_that_prepares_nothing_or_something_else_ends_the_cell(how, reason, run, tmp_path):
    if how == "dies":
        (tmp_path / "dies").touch()
    ending, _ = run("pwe-moe-ls", suite="twice")
    assert ending.status == ("killed" if how == "dies" else "failed")
    assert ending.reason.startswith(reason)


@pytest.mark.parametrize("devices", [TWO, pytest.param("cpu", marks=pytest.mark.slow)])
def test_a_killed_fit_goes_on_with_as_many_processes_or_one(devices, run, tmp_path):
    undisturbed, expected = run("pwe-moe-ls", devices="cpu")
    assert undisturbed.status == "finished"
    ending, _ = run(options={"how": "dies"})
    assert ending.status == "killed"
    (tmp_path / "over").touch()
    steps = []
    ending, scratch = run(
        options={"how": "dies"}, devices=devices, on_event=lambda event: steps.append(getattr(event, "step", None))
    )
    assert ending.status == "finished"
    assert FinishedCell.read(scratch).costs["resumed_fits"] == 1
    np.testing.assert_allclose(front(scratch), front(expected), atol=1e-6)


@pytest.mark.slow
def test_no_process_of_a_fit_outlives_its_command(command, tmp_path):
    plugins = [argument for plugin in (command.plugin, PLUGIN) for argument in ("--plugin", plugin)]
    options = ["--set", "how=hangs", "--set", "steps=40", "--set", "upscale=all"]
    where = ["--device", "cpu", "--devices-per-cell", "2", "--store", tmp_path / "store"]
    started = command.start("run", "troubled", "tiny", *plugins, *where, *options, folder=tmp_path)
    process = psutil.Process(started.pid)
    ranks = []
    while not ranks:
        assert started.poll() is None, started.communicate()
        ranks = [rank for worker in workers_of(process) for rank, _ in below(worker)]
        time.sleep(0.2)
    every = [below_it for below_it, _ in below(process, recursive=True)]
    started.kill()
    started.communicate()
    psutil.wait_procs(every, timeout=60)
    assert [one for one in every if living(one)] == []
