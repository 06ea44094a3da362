"""The process of a cell: where it stands, what it weighs, how it is ended."""

import os
import threading
from dataclasses import replace

import psutil
import pytest
from processes import living

from frontrunner.harness.cells.make_cell import make_cell
from frontrunner.harness.cells.plugins import load_plugins
from frontrunner.harness.records.finished_cell import FinishedCell
from frontrunner.harness.running import worker_process
from frontrunner.harness.running.cell_request import CellRequest
from frontrunner.harness.running.worker_events import Progressed
from frontrunner.harness.running.worker_process import StoppedError, run_in_process

PLUGIN = '''
import os
import time
from pathlib import Path

import frontrunner as fr


class Standing(fr.Learner):
    """Writes down where it stands."""

    name = "standing"

    def fit(self, problem, preferences, context):
        Path("pid").write_text(str(os.getpid()))
        Path("told").write_text(os.environ.get("FRONTRUNNER_TOLD", "nothing"))
        context.progress("fit", 1, 2, loss=1.0)
        while Path("wait").exists():
            time.sleep(0.02)
        size = problem.model_parameters
        return fr.FiniteSet(problem.n_tasks, lambda _: problem.pretrained, ["one"], total_parameters=size)
'''


@pytest.fixture
def run(tmp_path, tiny, monkeypatch):
    """(folder it stands in, on_event) -> how a cell of `standing` ended, and its folder of measurements."""
    plugin = tmp_path / "standing_plugin.py"
    plugin.write_text(PLUGIN)
    load_plugins([str(plugin)])
    cell = make_cell("standing", "tiny", tasks=None, seed=0, options={}, points_per_edge=2)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def run(name, on_event=lambda event: None, stop=None):
        folder = tmp_path / name
        scratch = folder / "scratch"
        scratch.mkdir(parents=True)
        if on_event is not None:
            monkeypatch.chdir(folder)
        ending = run_in_process(
            CellRequest(cell, "cpu", (tiny.__file__, str(plugin)), scratch, folder / "checkpoints"),
            on_event=on_event,
            stop=stop or threading.Event(),
        )
        return ending, folder

    yield run
    from frontrunner.methods import METHODS

    del METHODS._entries["standing"]


def test_a_worker_stands_where_its_parent_does_now(run, monkeypatch):
    """Not where the process stood from which workers are forked, once it was started."""
    for name in ("first", "second"):
        monkeypatch.setenv("FRONTRUNNER_TOLD", name)
        ending, folder = run(name)
        assert ending.status == "finished"
        assert (folder / "told").read_text() == name
    monkeypatch.delenv("FRONTRUNNER_TOLD")
    assert (run("third")[1] / "told").read_text() == "nothing"


def test_a_worker_that_cannot_begin_says_so_in_its_log(run, monkeypatch, capfd):
    request = worker_process._order
    monkeypatch.setattr(worker_process, "_order", lambda asked: replace(request(asked), folder="/gone"))
    ending, folder = run("here")
    assert (ending.status, ending.reason) == (
        "failed",
        "its process ended with status 1: FileNotFoundError: [Errno 2] No such file or directory: '/gone'",
    )
    assert "Traceback" in (folder / "scratch" / "worker.log").read_text()
    assert "Traceback" not in capfd.readouterr().err


def test_a_worker_has_the_threads_that_it_is_told(run, monkeypatch):
    """Not those of the process that it was forked from, in which torch was imported."""
    for threads in ("2", "1"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        _, folder = run(f"with {threads}")
        assert FinishedCell.read(folder / "scratch").environment["threads"] == threads


def test_peaks_of_memory_are_those_of_a_worker(run):
    _, folder = run("here")
    metrics = FinishedCell.read(folder / "scratch").costs
    for phase in ("prepare", "fit", "evaluate"):
        assert 100e6 < metrics[f"{phase}_peak_rss_bytes"] < 4e9  # it holds PyTorch, and not this process' tests
    assert metrics["peak_rss_bytes"] >= metrics["fit_peak_rss_bytes"]


def test_a_listener_ends_what_nobody_wants_any_more(run, tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "wait").touch()
    seen = []

    def on_event(event):
        seen.append(event)
        if isinstance(event, Progressed):
            raise StoppedError("given up: hopeless")

    ending, folder = run("here", on_event)
    assert (ending.status, ending.reason, ending.resumable) == ("stopped", "given up: hopeless", False)
    assert not ending.status.settled
    assert not psutil.pid_exists(int((folder / "pid").read_text()))
    assert isinstance(seen[-1], Progressed)
    assert not (folder / "scratch" / "cell.json").exists()


def test_a_stop_ends_it_as_killed(run, tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "wait").touch()
    stop = threading.Event()

    def on_event(event):
        if isinstance(event, Progressed):
            stop.set()

    ending, folder = run("here", on_event, stop)
    assert (ending.status, ending.resumable) == ("killed", True)
    assert not psutil.pid_exists(int((folder / "pid").read_text()))
    assert os.getpid() != int((folder / "pid").read_text())


def test_a_worker_lost_with_the_process_it_was_forked_from_is_to_be_tried_again(run, tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "wait").touch()

    def on_event(event):
        if isinstance(event, Progressed):
            worker = psutil.Process(int((tmp_path / "here" / "pid").read_text()))
            kept.append(worker.parent())
            kept[0].parent().kill()
            kept[0].kill()

    kept = []
    ending, folder = run("here", on_event)
    assert (ending.status, ending.resumable) == ("killed", True)
    assert "forked from" in ending.reason
    assert not any(living(process) for process in kept)
    assert not psutil.pid_exists(int((folder / "pid").read_text()))
    assert run("again")[0].status == "finished"
