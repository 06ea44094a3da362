"""The folder of a job: who may work, what is left, and what becomes of it."""

import dataclasses
import pickle
import threading
from pathlib import Path

import pytest

from frontrunner.harness.records.finished_cell import MANIFEST
from frontrunner.harness.records.status import Ending, Status
from frontrunner.harness.running.cell_request import CellRequest
from frontrunner.harness.running.executors import slurm_job
from frontrunner.harness.running.executors.slurm_job import SlurmJob
from frontrunner.harness.running.job_folder import ENDED, LOST, JobFolder, take_over
from frontrunner.harness.running.worker_events import PhaseStarted, Probed, Progressed, Warned


@pytest.fixture
def folder(tmp_path):
    return JobFolder(tmp_path / "job")


@pytest.fixture
def ran(monkeypatch):
    """How cells end, one after the other; what was asked for is kept in `ran.requests`."""

    class Ran(list):
        """Has further attributes."""

    ran = Ran()
    ran.requests = []

    def run(request, *, on_event, stop):
        ran.requests.append(request)
        on_event(PhaseStarted("fit"))
        for step in range(100):
            on_event(Progressed("fit", step + 1, 100, {}))
        ending = ran.pop(0)
        (request.scratch / "worker.log").write_text("printed")
        if ending.status is Status.FINISHED:
            (request.scratch / MANIFEST).write_text("{}")
        return ending

    monkeypatch.setattr(slurm_job, "run_in_process", run)
    return ran


@pytest.fixture
def job(folder, tmp_path, make_cell):
    """(ticket) -> the job of a cell, as it arrives on a node."""

    def make(ticket="mine"):
        request = CellRequest(make_cell(), "cpu", (), tmp_path / "scratch", tmp_path / "checkpoints")
        return pickle.loads(pickle.dumps(SlurmJob(request, folder, ticket)))

    return make


FINISHED = Ending(Status.FINISHED)


def test_a_job_leaves_its_cell_and_how_it_ended(job, folder, ran, tmp_path):
    folder.want("mine")
    ran.append(FINISHED)
    job()()
    assert folder.finished
    assert folder.ending() == FINISHED
    (tmp_path / "to").mkdir()
    folder.deliver(tmp_path / "to")
    assert {file.name for file in (tmp_path / "to").iterdir()} == {MANIFEST, "worker.log"}
    assert not folder.path.exists()


def test_a_job_that_is_not_wanted_does_nothing(job, folder, ran):
    job()()  # its folder was removed
    folder.want("another")
    job()()
    assert ran.requests == []


def test_a_job_that_comes_after_another_has_finished_does_nothing(job, folder, ran):
    folder.want("mine")
    ran.append(FINISHED)
    job()()
    folder.want("second")
    job("second")()
    assert len(ran.requests) == 1
    assert folder.finished
    assert folder.ending() == FINISHED


def test_a_cell_is_finished_once_all_its_files_can_be_seen(folder, tmp_path):
    folder.want("mine")
    folder.write_ending(ENDED, FINISHED)
    assert folder.has_unseen_result
    folder.scratch.mkdir()
    (folder.scratch / MANIFEST).write_text('{"files": {"front.parquet": "0"}}')
    assert not folder.finished
    (folder.scratch / "front.parquet").touch()
    assert folder.finished
    assert not folder.has_unseen_result


def test_a_listing_from_before_loses_no_file(folder, tmp_path, monkeypatch):
    folder.want("mine")
    folder.scratch.mkdir()
    for name, content in ((MANIFEST, '{"files": {"front.parquet": "0"}}'), ("front.parquet", "")):
        (folder.scratch / name).write_text(content)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", lambda _: iter(()))
        folder.deliver(tmp_path)
    assert {MANIFEST, "front.parquet"} <= {file.name for file in tmp_path.iterdir()}


def test_a_job_waits_for_one_that_works(job, folder, ran):
    folder.want("mine")
    ran.append(FINISHED)
    lock = folder.lock
    lock.acquire()
    second = threading.Thread(target=job())
    second.start()
    second.join(0.3)
    assert second.is_alive()
    assert ran.requests == []
    lock.release()
    second.join()
    assert folder.finished


@pytest.mark.parametrize("ending", [Ending(Status.FAILED, "no"), Ending(Status.OUT_OF_MEMORY, "full", resumable=True)])
def test_a_failure_is_told(ending, job, folder, ran):
    folder.want("mine")
    ran.append(ending)
    job()()
    assert folder.ending() == ending
    assert not folder.finished


def test_a_killed_cell_is_no_ending_and_the_job_fails(job, folder, ran):
    folder.want("mine")
    killed = Ending(Status.KILLED, "signal 9", resumable=True)
    ran += [killed, FINISHED]
    with pytest.raises(SystemExit):
        job()()
    assert folder.ending() is None
    assert folder.ending(LOST) == killed
    job()()  # Slurm has started it again
    assert folder.ending() == FINISHED


def test_wanting_another_job_drops_what_one_before_has_told(job, folder, ran):
    folder.want("mine")
    folder.want("mine", "12_3")
    assert folder.wanted() == ("mine", "12_3")
    ran.append(Ending(Status.FAILED, "no"))
    job()()
    folder.want("next")
    assert (folder.wanted(), folder.ending(), folder.reported(0)) == (("next", ""), None, ([], 0))


def test_events_are_thinned_and_read_once(job, folder, ran):
    folder.want("mine")
    ran.append(FINISHED)
    job()()
    events, end = folder.reported(0)
    assert [type(event) for event in events] == [PhaseStarted, Progressed]
    assert events[-1].step == 100
    assert folder.reported(end) == ([], end)


def test_half_an_event_is_read_once_it_is_whole(folder):
    folder.want("mine")
    folder.report(PhaseStarted("fit"))
    file = folder.path / "events"
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:-3])
    events, end = folder.reported(0)
    assert events == [PhaseStarted("fit")]
    file.write_bytes(whole + whole)
    assert folder.reported(end)[0] == [PhaseStarted("fit")]


EVENTS = [
    PhaseStarted("fit"),
    Progressed("fit", 1, 2, {"loss": 0.5, "nan": float("inf")}),
    Probed(1, 2, 1, 0.25, 3.0),
    Warned("an entry of the cache is damaged\u2026"),
]


@pytest.mark.parametrize(
    "damage",
    [
        b"\x80\x04\x95\xff",
        b'["Progressed", {"activity": "fi',
        b'["Unknown", {}]',
        b'["Progressed", {"step": 1}]',
        b'["Warned", 3]',
        b"3",
        b"{}",
        b"[[], {}]",
        b"\x00" * 100,
    ],
)
def test_a_damaged_event_costs_no_other(damage, folder):
    folder.want("mine")
    for event in EVENTS:
        with (folder.path / "events").open("ab") as file:
            file.write(damage)
        folder.report(event)
    assert folder.reported(0)[0] == EVENTS


def test_a_job_that_starts_again_is_heard_from_its_beginning(job, folder, ran):
    folder.want("mine")
    for _ in range(50):
        folder.report(Warned("of the first start"))
    _, heard = folder.reported(0)
    ran.append(FINISHED)
    job()()
    assert [type(event) for event in folder.reported(heard)[0]] == [PhaseStarted, Progressed]


@pytest.mark.parametrize("content", ["", "{", "[]", '"text"'])
def test_a_damaged_file_is_as_good_as_none(content, folder):
    folder.path.mkdir()
    for name in ("job.json", "ended.json"):
        (folder.path / name).write_text(content)
    assert folder.wanted() is None
    assert folder.ending() is None


class TestTakeOver:
    def test_a_finished_cell_goes_where_results_wait_to_be_recorded(self, job, folder, ran, tmp_path):
        folder.want("mine")
        ran.append(FINISHED)
        job()()
        for wait in (True, False):
            take_over(folder, tmp_path / "unrecorded", threading.Event(), wait=wait)
            assert (tmp_path / "unrecorded" / MANIFEST).exists()
            assert not folder.path.exists()

    def test_a_job_that_goes_on_is_left_alone(self, folder, tmp_path):
        folder.want("mine")
        folder.want("mine", "12_3")
        take_over(folder, tmp_path / "unrecorded", threading.Event(), wait=False)
        assert folder.wanted() == ("mine", "12_3")

    def test_a_cell_that_is_to_run_elsewhere_withdraws_its_job(self, job, folder, ran, tmp_path):
        folder.want("mine")
        take_over(folder, tmp_path / "unrecorded", threading.Event(), wait=True)
        job()()
        assert ran.requests == []
        assert not (tmp_path / "unrecorded").exists()

    def test_a_job_that_works_is_waited_for(self, job, folder, ran, tmp_path):
        folder.want("mine")
        ran.append(FINISHED)
        lock = dataclasses.replace(folder).lock
        lock.acquire()
        taking = threading.Thread(
            target=take_over, args=(folder, tmp_path / "unrecorded", threading.Event()), kwargs={"wait": True}
        )
        taking.start()
        taking.join(0.2)
        assert taking.is_alive()
        folder.scratch.mkdir()
        (folder.scratch / MANIFEST).write_text("{}")
        lock.release()
        taking.join()
        assert (tmp_path / "unrecorded" / MANIFEST).exists()

    @pytest.mark.parametrize("wait", [True, False])
    def test_a_result_that_is_seen_late_is_waited_for(self, wait, folder, tmp_path):
        folder.want("mine")
        folder.write_ending(ENDED, FINISHED)
        folder.scratch.mkdir()
        threading.Timer(0.2, (folder.scratch / MANIFEST).write_text, ("{}",)).start()
        take_over(folder, tmp_path / "unrecorded", threading.Event(), wait=wait)
        assert (tmp_path / "unrecorded" / MANIFEST).exists()

    def test_a_stop_ends_the_wait_and_keeps_everything(self, folder, tmp_path):
        folder.want("mine")
        lock = folder.lock
        lock.acquire()
        stop = threading.Event()
        threading.Timer(0.2, stop.set).start()
        take_over(folder, tmp_path / "unrecorded", stop, wait=True)
        assert folder.path.exists()
        lock.release()
