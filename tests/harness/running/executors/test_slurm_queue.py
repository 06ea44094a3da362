"""Jobs that Slurm does not take at once, with a `sbatch` that is told what to do."""

import threading
from types import SimpleNamespace

import pytest

import frontrunner as fr
from frontrunner.harness.running.executors import slurm_queue
from frontrunner.harness.running.executors.slurm_queue import SlurmQueue

submitit = pytest.importorskip("submitit")
FULL = submitit.core.utils.FailedJobError("sbatch: error: AssocMaxSubmitJobLimit")


@pytest.fixture
def make(tmp_path, monkeypatch):
    """(taken(jobs)) -> a queue whose arrays `taken` takes or raises an error for; `made.arrays` are their sizes."""
    for name in ("QUIET_S", "LOOK_UP_INTERVAL_S", "PAUSE_S"):
        monkeypatch.setattr(slurm_queue, name, 0.05)
    monkeypatch.setattr(submitit, "SlurmExecutor", lambda **_: SimpleNamespace(update_parameters=lambda **_: None))
    made = SimpleNamespace(arrays=[])

    def submitted(self, jobs):
        made.arrays.append(len(jobs))
        made.taken(jobs)
        return [f"7_{job}" for job in jobs]

    monkeypatch.setattr(SlurmQueue, "_submitted", submitted)

    def make(taken):
        made.taken = taken
        made.queue = SlurmQueue(tmp_path, {})
        return made

    return make


def submit_all(queue, count, stop):
    """Hand in jobs from a thread each, and return their ids and all that was said."""
    ids, said = {}, []

    def one(job):
        ids[job] = queue.submit(job, stop=stop, say=said.append)

    threads = [threading.Thread(target=one, args=(job,)) for job in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return ids, said


def test_what_is_refused_once_is_submitted_later_in_parts_that_there_is_room_for(make):
    def taken(jobs):
        if len(jobs) > 3:
            raise FULL

    made = make(taken)
    ids, _ = submit_all(made.queue, 8, threading.Event())
    assert ids == {job: f"7_{job}" for job in range(8)}
    assert max(made.arrays) > 3


def test_why_it_is_waited_for_is_said_once_and_a_stop_ends_it(make):
    def taken(jobs):
        raise FULL

    stop = threading.Event()
    threading.Timer(0.6, stop.set).start()
    ids, said = submit_all(make(taken).queue, 2, stop)
    assert ids == {0: "", 1: ""}
    assert len(said) == 2
    assert all("Slurm takes no job now (" in text and "AssocMaxSubmitJobLimit" in text for text in said)


def test_what_cannot_be_handed_over_is_an_error(make):
    def taken(jobs):
        raise OSError("no space left")

    with pytest.raises(fr.ConfigError, match="jobs cannot be handed to Slurm"):
        make(taken).queue.submit(0, stop=threading.Event(), say=print)
