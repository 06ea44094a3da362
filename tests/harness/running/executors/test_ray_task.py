"""A cell as a task: with the file system of the command and without, started again, and stopped."""

import importlib.metadata
import os
import pickle
import platform
import threading
from types import SimpleNamespace

import pytest

from frontrunner.harness.records.finished_cell import MANIFEST
from frontrunner.harness.records.status import Ending, Status
from frontrunner.harness.running.cell_request import CellRequest
from frontrunner.harness.running.executors import ray_task
from frontrunner.harness.running.executors.ray_executor import _ending_of
from frontrunner.harness.running.executors.ray_mailbox import RayMailbox
from frontrunner.harness.running.executors.ray_task import (
    TOKEN,
    CellKilledError,
    deliver,
    finished_attempt,
    last_attempt,
    run_cell_task,
)
from frontrunner.harness.running.worker_events import CellLost, PhaseStarted

HERE = importlib.metadata.version("frontrunner")


class Remote:
    """A mailbox as a task has it, whose calls are done at once."""

    def __init__(self, mailbox):
        self.mailbox = mailbox

    def __getattr__(self, name):
        return SimpleNamespace(remote=getattr(self.mailbox, name))


@pytest.fixture
def mailbox(monkeypatch):
    mailbox = RayMailbox()
    monkeypatch.setitem(__import__("sys").modules, "ray", SimpleNamespace(get=lambda found, timeout: found))
    return mailbox


@pytest.fixture
def request_(tmp_path, make_cell, monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "cache"))
    (tmp_path / "scratch").mkdir()
    return CellRequest(make_cell(), "cpu", (), tmp_path / "scratch", tmp_path / "checkpoints")


@pytest.fixture
def run(request_, mailbox, monkeypatch):
    """(ending, package=) -> what the task delivers; `run.asked` is what the cell's process was asked for."""
    monkeypatch.setattr(ray_task, "LOOK_UP_INTERVAL_S", 0.02)
    monkeypatch.setattr(ray_task, "preload", lambda *_: None)

    def run(ending, package=HERE):
        def in_process(asked, *, on_event, stop):
            run.asked = asked
            on_event(PhaseStarted("fit"))
            (asked.scratch / "worker.log").write_text("printed")
            if ending is None:
                assert stop.wait(20)
                return Ending(Status.KILLED, "interrupted", resumable=True)
            if ending.status is Status.FINISHED:
                (asked.scratch / MANIFEST).write_text("{}")
            return ending

        monkeypatch.setattr(ray_task, "run_in_process", in_process)
        delivery = run_cell_task(request_, "ticket", package, Remote(mailbox))
        return pickle.loads(pickle.dumps(delivery))

    return run


FINISHED = Ending(Status.FINISHED)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("ending", [FINISHED, Ending(Status.FAILED, "no")])
def test_files_come_through_the_file_system_or_with_the_result(shared, ending, run, request_, mailbox):
    if shared:
        (request_.scratch / TOKEN).write_text("ticket")
    delivery = run(ending)
    assert (delivery.packed == b"") == shared
    assert deliver(delivery, request_.scratch) == ending
    expected = {"worker.log"} | ({MANIFEST} if ending is FINISHED else set())
    assert {file.name for file in request_.scratch.iterdir()} == expected
    assert [pickle.loads(message) for message in mailbox.take()["ticket"]] == [PhaseStarted("fit")]
    assert (run.asked.checkpoints == request_.checkpoints) == shared


def test_another_file_system_with_the_same_path_is_not_taken_for_shared(run, request_):
    (request_.scratch / TOKEN).write_text("of another command")
    assert run(FINISHED).packed


def test_what_was_lost_after_it_had_finished_is_not_run_again(run, request_):
    (request_.scratch / TOKEN).write_text("ticket")
    first = run(FINISHED)
    assert finished_attempt(request_.scratch).name == first.folder
    assert run(Ending(Status.FAILED, "it would run")) == first


def test_every_start_has_a_folder_of_its_own(run, request_):
    (request_.scratch / TOKEN).write_text("ticket")
    one, other = run(Ending(Status.FAILED, "one")), run(Ending(Status.FAILED, "other"))
    assert one.folder != other.folder
    assert deliver(other, request_.scratch).reason == "other"
    assert [file.name for file in request_.scratch.iterdir()] == ["worker.log"]


def test_a_cell_ends_once_the_command_says_so(run, mailbox):
    threading.Timer(0.2, mailbox.stop, ("ticket",)).start()
    assert run(None).ending.status == "killed"


def test_a_killed_cell_is_raised_for_ray_to_start_it_again(run, request_, mailbox):
    (request_.scratch / TOKEN).write_text("ticket")
    with pytest.raises(CellKilledError, match="signal 9"):
        run(Ending(Status.KILLED, "signal 9", resumable=True))
    folder = last_attempt(request_.scratch)
    assert (request_.scratch / folder / "worker.log").exists()
    assert [pickle.loads(one) for one in mailbox.take()["ticket"]][-1] == CellLost("signal 9")
    assert run(FINISHED).ending == FINISHED


def test_a_task_that_was_killed_again_and_again_says_what_is_known():
    error = RuntimeError("of Ray")
    assert _ending_of(error, 0) == Ending(Status.KILLED, "Ray has lost it (of Ray)", resumable=True)
    error.cause = CellKilledError("signal 9")
    assert _ending_of(error, 0) == Ending(Status.KILLED, "signal 9", resumable=True)
    assert _ending_of(error, 3).reason == "at last: signal 9; it was started 3 times"
    error.cause = OSError("no such file")
    assert _ending_of(error, 3).status == "failed"


def test_two_starts_on_a_node_do_not_write_the_same_checkpoints(run, request_, tmp_path):
    run(FINISHED)
    first = run.asked
    run(FINISHED)
    assert run.asked.worker_lock == first.worker_lock
    assert run.asked.worker_lock.parent == run.asked.checkpoints.parent
    assert run.asked.worker_lock.parent.is_dir()
    assert {platform.node(), request_.cell.key} <= set(run.asked.checkpoints.parts)


def test_a_node_keeps_no_checkpoints_for_ever(run, request_, monkeypatch):
    run(FINISHED)
    own = run.asked.checkpoints.parent
    old, new = own.with_name("old"), own.with_name("new")
    for folder in (old, new):
        folder.mkdir()
    for folder in (old, own):
        os.utime(folder, (0, 0))
    run(FINISHED)
    assert (old.exists(), new.exists(), own.exists()) == (False, True, True)


def test_a_node_with_another_version_says_so(run):
    ending = run(FINISHED, package="0.0.1").ending
    assert ending.status == "failed"
    assert ending.repeats
    assert "and the command 0.0.1; install the same on every node" in ending.reason


def test_a_lost_mailbox_does_not_end_a_cell(run, mailbox, monkeypatch):
    def lost(*_):
        raise RuntimeError("the actor has died")

    monkeypatch.setattr(mailbox, "put", lost)
    monkeypatch.setattr(mailbox, "is_stopped", lost)
    assert run(FINISHED).ending == FINISHED
