"""What a command makes of a task of Ray, with an engine that is told what it has heard."""

import pickle
import threading
from types import SimpleNamespace

import pytest

from frontrunner.harness.records.finished_cell import MANIFEST
from frontrunner.harness.records.status import Ending, Status
from frontrunner.harness.running.cell_request import CellRequest
from frontrunner.harness.running.executors import ray_executor
from frontrunner.harness.running.executors.ray_executor import RayExecutor
from frontrunner.harness.running.executors.ray_mailbox import RayMailbox
from frontrunner.harness.running.executors.ray_task import ATTEMPT, CellKilledError, RayDelivery
from frontrunner.harness.running.worker_events import CellLost, PhaseStarted, Progressed, Queued, Warned


class Engine:
    """Ray, as far as the executor sees it; a task is `delivery`, which is there once the task has ended."""

    exceptions = SimpleNamespace(RayError=RuntimeError)

    def __init__(self):
        self.delivery = None
        self.mailbox = RayMailbox()

    def wait(self, tasks, timeout):
        return (tasks, []) if self.delivery is not None else ([], tasks)

    def get(self, found, timeout=None):
        if found == "task" and isinstance(self.delivery, Exception):
            raise self.delivery
        return self.delivery if found == "task" else found


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def request_(tmp_path, make_cell):
    (tmp_path / "scratch").mkdir()
    return CellRequest(make_cell(), "ray", (), tmp_path / "scratch", tmp_path / "checkpoints")


@pytest.fixture
def run(engine, request_, monkeypatch):
    """(begins(ticket)=, stops()=, stop=, on_event=) -> how the cell ended; `stops` is what it does when it is to."""
    monkeypatch.setattr(ray_executor, "LOOK_UP_INTERVAL_S", 0.01)

    def run(begins=lambda ticket: None, stops=lambda: None, stop=None, on_event=lambda event: None):
        executor = RayExecutor(address=None, kind="auto", cpus=1, gpus=None, memory_bytes=None)
        calls = ("put", "take", "is_stopped")
        executor._mailbox = SimpleNamespace(
            stop=SimpleNamespace(remote=lambda ticket: stops()),
            **{name: SimpleNamespace(remote=getattr(engine.mailbox, name)) for name in calls},
        )

        def submitted(ray, request, ticket):
            begins(ticket)
            return "task"

        monkeypatch.setattr(RayExecutor, "_started", lambda self: engine)
        monkeypatch.setattr(RayExecutor, "_submitted", lambda self, *given: submitted(*given))
        return executor.run(request_, on_event=on_event, stop=stop or threading.Event())

    return run


@pytest.fixture
def stopped():
    stop = threading.Event()
    stop.set()
    return stop


def finished(scratch):
    folder = scratch / f"{ATTEMPT}one"
    folder.mkdir()
    (folder / MANIFEST).write_text("{}")
    return RayDelivery(Ending(Status.FINISHED), folder.name)


def test_a_cell_that_finishes_while_it_is_stopped_is_kept(run, engine, request_, stopped):
    def stops():
        engine.delivery = finished(request_.scratch)

    assert run(stops=stops, stop=stopped).status == "finished"
    assert (request_.scratch / MANIFEST).exists()


def test_so_is_one_whose_last_words_are_too_late(run, request_, stopped):
    assert run(stops=lambda: finished(request_.scratch), stop=stopped).status == "finished"
    assert (request_.scratch / MANIFEST).exists()


def test_one_that_is_stopped_before_is_killed(run, request_, stopped):
    ending = run(stop=stopped)
    assert (ending.status, ending.resumable) == ("killed", True)


def test_the_last_events_of_a_cell_are_heard(run, engine, request_):
    said = [Progressed("fit", 1, 1, {}), Warned("late")]

    def begins(ticket):
        for event in said:
            engine.mailbox.put(ticket, pickle.dumps(event))
        engine.delivery = finished(request_.scratch)

    heard = []
    assert run(begins, on_event=heard.append).status == "finished"
    assert heard == [Queued(), *said]


def test_a_start_that_was_lost_is_told_before_the_next_one_and_noted_in_the_log(run, engine, request_):
    starts = [PhaseStarted("prepare"), CellLost("signal 9"), PhaseStarted("prepare"), PhaseStarted("fit")]
    starts += [PhaseStarted("prepare"), Warned("third")]  # the second went without a word

    def begins(ticket):
        for event in starts:
            engine.mailbox.put(ticket, pickle.dumps(event))
        engine.delivery = finished(request_.scratch)
        (request_.scratch / engine.delivery.folder / "worker.log").write_text("of the third\n")

    heard = []
    assert run(begins, on_event=heard.append).status == "finished"
    unseen = CellLost("the process that Ray runs it in was lost")
    assert heard == [Queued(), *starts[:2], Queued(), *starts[2:4], unseen, Queued(), *starts[4:]]
    assert (request_.scratch / "worker.log").read_text() == (
        "of the third\n\nan earlier start of this cell was lost: signal 9\n"
        "an earlier start of this cell was lost: the process that Ray runs it in was lost\n"
    )


def test_a_cell_that_ray_does_not_start_again_is_not_told_to_start(run, engine, request_):
    def begins(ticket):
        for _ in range(4):
            engine.mailbox.put(ticket, pickle.dumps(CellLost("signal 9")))
        engine.delivery = RayDelivery(Ending(Status.KILLED, "at last"))

    heard = []
    assert run(begins, on_event=heard.append).status == "killed"
    assert heard == [Queued(), *[CellLost("signal 9"), Queued()] * 3]


@pytest.mark.parametrize("last", [[CellLost("the fourth")], [PhaseStarted("prepare")]])
def test_where_ray_gives_up_the_log_of_the_last_start_tells_of_those_before_it_alone(last, run, engine, request_):
    class LostError(engine.exceptions.RayError):
        cause = CellKilledError("the fourth")

    def begins(ticket):
        for event in [*[CellLost(name) for name in ("the first", "the second", "the third")], *last]:
            engine.mailbox.put(ticket, pickle.dumps(event))
        engine.delivery = LostError()
        (request_.scratch / f"{ATTEMPT}four").mkdir()
        (request_.scratch / f"{ATTEMPT}four" / "worker.log").write_text("of the fourth\n")

    ending = run(begins)
    assert (ending.status, ending.reason) == ("killed", "the fourth")
    said = [f"an earlier start of this cell was lost: {name}" for name in ("the first", "the second", "the third")]
    assert (request_.scratch / "worker.log").read_text().splitlines() == ["of the fourth", "", *said]
