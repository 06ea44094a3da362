"""What a command makes of how a worker ended: its exit status, its last message, and the folder that it left."""

import multiprocessing
import os
import threading
from types import SimpleNamespace

import pytest

from frontrunner.harness.records.finished_cell import MANIFEST
from frontrunner.harness.records.status import Ending, Status
from frontrunner.harness.running import keeper, worker_process
from frontrunner.harness.running.cell_request import CellRequest
from frontrunner.harness.running.executors import local
from frontrunner.harness.running.process_memory import ProcessTree

FORKS = SimpleNamespace(get_start_method=lambda: "forkserver")
ENDINGS = [
    Ending(Status.KILLED, "interrupted", resumable=True),
    Ending(Status.TIMED_OUT, "it was ended", resumable=True),
    Ending(Status.OVER_MEMORY_LIMIT, "it was ended", resumable=True),
    Ending(Status.FAILED, "its process ended with status 1"),
]


@pytest.fixture
def exits(monkeypatch):
    """The two ends of a keeper's connection to its command; leaving raises `SystemExit`."""

    def leave(code):
        raise SystemExit(code)

    monkeypatch.setattr(keeper.os, "_exit", leave)
    ours, theirs = multiprocessing.Pipe()
    return ours, theirs


@pytest.mark.parametrize("code", [0, 1, 2, 3, 75, 126, 127, 254, 255])
def test_an_exit_status_of_a_learner_is_its_own(code, exits, tmp_path):
    ours, theirs = exits
    (tmp_path / "worker.log").write_text("first\nwhy\n")
    with pytest.raises(SystemExit) as left:
        keeper._exit_as(code, theirs, tmp_path / "worker.log")
    told = ours.recv().ending if ours.poll(0) else None
    ending = told or worker_process._ended_without_a_word(left.value.code, FORKS, tmp_path)
    assert (ending.status, ending.reason) == ("failed", f"its process ended with status {code}: why")


def test_a_keeper_whose_fork_server_has_ended_is_killed(tmp_path):
    ending = worker_process._ended_without_a_word(keeper.SERVER_GONE, FORKS, tmp_path)
    assert (ending.status, ending.reason) == ("killed", "the process that workers are forked from has ended")


def test_a_worker_that_does_not_get_its_lock_says_so(exits, monkeypatch):
    ours, theirs = exits
    monkeypatch.setattr(keeper.os, "setsid", lambda: None)
    monkeypatch.setattr(keeper.signal, "signal", lambda *_: None)
    monkeypatch.setattr(keeper, "_prctl", lambda *_: None)
    monkeypatch.setattr(keeper, "_hold", lambda *_: False)
    with pytest.raises(SystemExit):
        keeper.keep(theirs, SimpleNamespace(worker_lock="lock"))
    expected = Ending(Status.KILLED, "the worker of an earlier attempt has not ended", resumable=True)
    assert ours.recv().ending == expected


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("said", [None, *ENDINGS])
def test_a_complete_folder_is_a_finished_cell_whatever_ended_its_worker(
    said, complete, tmp_path, make_cell, monkeypatch
):
    stop = threading.Event()

    def listen(*_):
        if complete:
            (tmp_path / MANIFEST).write_text("{}")
        stop.set()  # Ctrl-C between the last file and the last message, or after it
        return said

    gone = os.open(os.devnull, os.O_RDONLY)
    process = SimpleNamespace(pid=None, exitcode=-9, sentinel=gone)
    context = SimpleNamespace(Pipe=multiprocessing.Pipe, Process=lambda **_: process, **vars(FORKS))
    monkeypatch.setattr(worker_process, "_context", lambda _: context)
    monkeypatch.setattr(worker_process, "_start", lambda _: None)
    monkeypatch.setattr(worker_process, "_listen", listen)
    monkeypatch.setattr(worker_process, "wait", lambda *_: [])
    request = CellRequest(make_cell(), "cpu", (), tmp_path, tmp_path / "checkpoints")
    ending = worker_process.run_in_process(request, on_event=lambda _: None, stop=stop)
    os.close(gone)
    assert ending.status == ("finished" if complete else "killed")


def test_what_an_engine_calls_ended_is_recorded_where_it_is_complete(run_bench, tmp_path, monkeypatch):
    in_this_process = local.run_in_process

    def ends(request, **keys):
        assert in_this_process(request, **keys).status is Status.FINISHED
        return ENDINGS[0]

    monkeypatch.setattr(local, "run_in_process", ends)
    store, (settled,) = run_bench(tmp_path, ["pretrained"])
    assert (settled.ending, settled.ran) == (Ending(Status.FINISHED), True)
    assert store.find(settled.run_id).record().hypervolume().value > 0


def test_a_result_that_nobody_wants_stays_unwanted(run_bench, tmp_path, monkeypatch):
    in_this_process = local.run_in_process

    def ends(request, **keys):
        in_this_process(request, **keys)
        return Ending(Status.STOPPED, "hopeless")

    monkeypatch.setattr(local, "run_in_process", ends)
    _, (settled,) = run_bench(tmp_path, ["pretrained"])
    assert settled.ending.status == "stopped"


def test_a_watcher_counts_children_at_its_first_look():
    """Else a child that ends between two looks would never count."""
    whole = ProcessTree(below=os.getppid()).resident_bytes()
    assert whole >= 0.5 * ProcessTree().resident_bytes() > 0  # this process is such a child
