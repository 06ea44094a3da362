"""What a command makes of jobs that live, end or are lost, with a queue that is told what to do."""

import threading
import time

import pytest

import frontrunner as fr
from frontrunner.harness.records.finished_cell import MANIFEST
from frontrunner.harness.records.status import Ending, Status
from frontrunner.harness.running.cell_limits import CellLimits
from frontrunner.harness.running.cell_request import CellRequest
from frontrunner.harness.running.executors import slurm_executor
from frontrunner.harness.running.executors.slurm_executor import SlurmExecutor
from frontrunner.harness.running.executors.slurm_queue import SlurmQueue
from frontrunner.harness.running.job_folder import ENDED, LOST, JobFolder
from frontrunner.harness.running.worker_events import CellLost, PhaseStarted, Queued
from frontrunner.harness.running.worker_process import StoppedError


class Queue:
    """Slurm, as far as the executor sees it: `script` has one thing a job for each time it is submitted."""

    def __init__(self, logs):
        self.logs = logs
        self.script = []
        self.submitted = []
        self.living = set()
        self.cancelled = []

    def submit(self, job, *, stop, say):
        name = f"7_{len(self.submitted)}"
        self.submitted.append(job)
        self.script.pop(0)(self, job, name)
        return name

    def is_alive(self, job):
        return None if self.living is None else job in self.living

    def cancel(self, job):
        self.cancelled.append(job)


def finishes(queue, job, name):
    job.folder.scratch.mkdir()
    job.folder.report(PhaseStarted("fit"))
    (job.folder.scratch / MANIFEST).write_text("{}")
    job.folder.write_ending(ENDED, Ending(Status.FINISHED))


def fails(queue, job, name):
    job.folder.scratch.mkdir()
    (job.folder.scratch / "worker.log").write_text("why")
    job.folder.write_ending(ENDED, Ending(Status.FAILED, "no"))


def is_killed(queue, job, name):
    job.folder.write_ending(LOST, Ending(Status.KILLED, "signal 9"))


def vanishes(queue, job, name):
    pass


def waits(queue, job, name):
    queue.living.add(name)
    job.folder.report(PhaseStarted("fit"))


@pytest.fixture
def queue(tmp_path):
    (tmp_path / "jobs" / "logs").mkdir(parents=True)
    return Queue(tmp_path / "jobs" / "logs")


@pytest.fixture
def request_(tmp_path, make_cell):
    (tmp_path / "scratch").mkdir()
    return CellRequest(make_cell(), "slurm", (), tmp_path / "scratch", tmp_path / "checkpoints")


@pytest.fixture
def run(queue, request_, tmp_path, monkeypatch):
    """(script, stop=, on_event=) -> how the cell ended, by a command of its own."""
    monkeypatch.setattr(slurm_executor, "LOOK_UP_INTERVAL_S", 0.01)
    monkeypatch.setattr(SlurmQueue, "lost_after_s", 0.05)
    monkeypatch.setattr(SlurmExecutor, "_started", lambda self: queue)

    def run(*script, stop=None, on_event=lambda event: None):
        queue.script = list(script)
        executor = SlurmExecutor(tmp_path / "jobs", kind="auto", cpus=None, gpus=None, limits=CellLimits(), settings={})
        assert executor.open(3) == ["slurm"] * 3
        return executor.run(request_, on_event=on_event, stop=stop or threading.Event())

    return run


@pytest.fixture
def folder(tmp_path, request_):
    return JobFolder(tmp_path / "jobs" / request_.cell.key)


def test_a_finished_cell_is_fetched(run, queue, request_, folder):
    heard = []
    (queue.logs / "7_0_0_log.out").touch()
    (queue.logs / "7_01_0_log.out").touch()
    assert run(finishes, on_event=heard.append).status == "finished"
    assert (request_.scratch / MANIFEST).exists()
    assert heard == [Queued(), PhaseStarted("fit")]
    assert not folder.path.exists()
    assert [file.name for file in queue.logs.iterdir()] == ["7_01_0_log.out"]
    (job,) = queue.submitted
    assert (job.request.device, job.request.cell) == ("cpu", request_.cell)


def test_a_finished_cell_is_waited_for_until_its_files_are_seen(run, queue, request_, monkeypatch):
    def says_so_first(queue, job, name):
        job.folder.write_ending(ENDED, Ending(Status.FINISHED))
        threading.Timer(0.3, finishes, (queue, job, name)).start()

    monkeypatch.setattr(SlurmQueue, "lost_after_s", 60)
    assert run(says_so_first).status == "finished"
    assert (request_.scratch / MANIFEST).exists()


def test_a_finished_cell_whose_files_never_come_is_submitted_again(run, queue):
    def only_says_so(queue, job, name):
        job.folder.write_ending(ENDED, Ending(Status.FINISHED))

    assert run(only_says_so, finishes).status == "finished"
    assert len(queue.submitted) == 2


def test_a_failed_cell_is_not_submitted_again(run, queue, request_):
    ending = run(fails)
    assert (ending.status, ending.reason) == ("failed", "no")
    assert (request_.scratch / "worker.log").read_text() == "why"
    assert len(queue.submitted) == 1


@pytest.mark.parametrize("lost", [vanishes, is_killed])
def test_a_lost_job_is_submitted_again(lost, run, queue, request_):
    for name in ("7_0_submitted.pkl", "7_1_submitted.pkl", "7_2_submitted.pkl", "8_0_submitted.pkl"):
        (queue.logs / name).touch()
    assert run(lost, lost, finishes).status == "finished"
    assert [file.name for file in queue.logs.iterdir()] == ["8_0_submitted.pkl"]
    assert len({job.ticket for job in queue.submitted}) == 3


def test_a_job_that_says_that_it_was_killed_is_submitted_again_at_once_and_its_log_says_why(
    run, queue, request_, monkeypatch
):
    def finishes_with_a_log(queue, job, name):
        finishes(queue, job, name)
        (job.folder.scratch / "worker.log").write_text("of the second\n")

    monkeypatch.setattr(SlurmQueue, "lost_after_s", 60)
    heard = []
    begun = time.monotonic()
    assert run(is_killed, finishes_with_a_log, on_event=heard.append).status == "finished"
    assert time.monotonic() - begun < 30
    assert heard == [Queued(), CellLost("signal 9"), Queued(), PhaseStarted("fit")]
    log = (request_.scratch / "worker.log").read_text()
    assert log == "of the second\n\nan earlier start of this cell was lost: signal 9\n"


def test_a_job_that_slurm_has_started_again_is_told(run, queue):
    def is_requeued(queue, job, name):
        job.folder.report(PhaseStarted("prepare"))
        job.folder.report(PhaseStarted("prepare"))  # the one that Slurm has started in its place
        finishes(queue, job, name)

    heard = []
    assert run(is_requeued, on_event=heard.append).status == "finished"
    again = [CellLost("its job was ended and started again"), Queued(), PhaseStarted("prepare")]
    assert heard == [Queued(), PhaseStarted("prepare"), *again, PhaseStarted("fit")]


def test_a_cell_waits_in_the_queue_until_its_job_tells_a_phase_and_again_once_it_was_lost(run, queue):
    heard = []
    assert run(vanishes, finishes, on_event=heard.append).status == "finished"
    gone = CellLost("its job 7_0 has ended without a word")
    assert heard == [Queued(), gone, Queued(), PhaseStarted("fit")]
    heard.clear()
    interrupted(run, queue)
    run(stop=stopped(), on_event=heard.append)  # the next command finds the job
    assert heard == [Queued(), PhaseStarted("fit")]


def test_a_job_that_is_lost_again_and_again_says_what_is_known(run, queue):
    ending = run(vanishes, vanishes, vanishes, is_killed)
    assert (ending.status, ending.reason, ending.resumable) == (
        "killed",
        "at last: signal 9; 4 jobs of it were lost",
        True,
    )
    assert run(*[vanishes] * 4).reason == "at last: Slurm has ended it without a word; 4 jobs of it were lost"


def stopped():
    stop = threading.Event()
    stop.set()
    return stop


def interrupted(run, queue):
    """A command that ends while its job waits."""
    stop = threading.Event()
    name = f"7_{len(queue.submitted)}"
    ending = run(waits, stop=stop, on_event=lambda event: isinstance(event, PhaseStarted) and stop.set())
    assert (ending.status, ending.reason) == ("killed", f"interrupted; its Slurm job {name} goes on")
    assert queue.cancelled == []
    return queue.submitted[-1]


def test_the_next_command_waits_for_a_job_that_goes_on(run, queue, request_):
    job = interrupted(run, queue)
    ended = threading.Timer(0.3, finishes, (queue, job, ""))
    ended.start()
    assert run().status == "finished"  # nothing is submitted
    assert (request_.scratch / MANIFEST).exists()


def test_the_next_command_hears_how_a_job_has_failed(run, queue):
    fails(queue, interrupted(run, queue), "")
    queue.living.clear()
    assert run().status == "failed"
    assert run(finishes).status == "finished"  # and the one after submits it again


def test_the_next_command_submits_what_has_vanished(run, queue):
    first = interrupted(run, queue)
    queue.living.clear()
    (queue.logs / "7_0_submitted.pkl").touch()
    assert run(finishes).status == "finished"
    assert list(queue.logs.iterdir()) == []
    assert queue.submitted[1].ticket != first.ticket


def test_a_job_is_not_lost_while_slurm_does_not_answer(run, queue):
    stop = threading.Event()
    queue.living = None
    threading.Timer(0.5, stop.set).start()
    assert run(vanishes, stop=stop).status == "killed"
    assert len(queue.submitted) == 1


def test_a_cell_that_nobody_wants_any_more_is_cancelled(run, queue, folder):
    def give_up(event):
        if isinstance(event, PhaseStarted):
            raise StoppedError("hopeless")

    ending = run(waits, on_event=give_up)
    assert (ending.status, ending.reason) == ("stopped", "hopeless")
    assert queue.cancelled == ["7_0"]
    assert not folder.path.exists()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"cpus_per_task": 1, "time": 240}),
        ({"cpus": 4.0, "gpus": 2.0}, {"cpus_per_task": 4, "gres": "gpu:2", "time": 240}),
        ({"kind": "cuda"}, {"cpus_per_task": 1, "gres": "gpu:1", "time": 240}),
        (
            {"limits": CellLimits(timeout_s=3600, memory_bytes=2 * 10**9)},
            {"cpus_per_task": 1, "time": 70, "mem": "2862M"},
        ),
        ({"settings": {"time": "5", "partition": "gpu"}}, {"cpus_per_task": 1, "time": "5", "partition": "gpu"}),
    ],
)
def test_a_job_asks_for_what_its_cell_may_take(given, expected, tmp_path):
    whole = {"kind": "auto", "cpus": None, "gpus": None, "limits": CellLimits(), "settings": {}}
    found = SlurmExecutor(tmp_path, **whole | given)._settings
    assert found == {"job_name": "frontrunner", **expected}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"gpus": 0.5}, r"--cell-gpus was to be a whole number, .* found 0\.5"),
        ({"cpus": 1.5}, r"--cell-cpus was to be a whole number, .* found 1\.5"),
        ({"cpus": 0.0}, r"--cell-cpus was to be at least 1, .* found 0"),
    ],
)
def test_what_slurm_cannot_give_is_refused(given, message, tmp_path):
    whole = {"kind": "auto", "cpus": None, "gpus": None, "limits": CellLimits(), "settings": {}}
    with pytest.raises(fr.ConfigError, match=message):
        SlurmExecutor(tmp_path, **whole | given)


def test_without_slurm_a_sentence_says_so(tmp_path, monkeypatch):
    pytest.importorskip("submitit")
    monkeypatch.setenv("PATH", str(tmp_path))
    executor = SlurmExecutor(tmp_path, kind="auto", cpus=None, gpus=None, limits=CellLimits(), settings={})
    assert executor.open(0) == ["slurm"]
    with pytest.raises(fr.ConfigError, match="Slurm's command sbatch is not on this machine"):
        executor.open(1)


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """Commands of Slurm that note what they are asked; `sbatch` refuses the time `abc`, and with `away` all fail."""
    pytest.importorskip("submitit")
    (tmp_path / "bin").mkdir()
    for name in ("sbatch", "squeue", "srun"):
        file = tmp_path / "bin" / name
        file.write_text(
            f'#!/bin/sh\necho "{name} $*" >> {tmp_path / "asked"}\n'
            f'if [ -e {tmp_path / "away"} ]; then echo "{name}: error: no contact" >&2; exit 1; fi\n'
            'case "$*" in *--time=abc*) echo "sbatch: error: bad time" >&2; exit 1; esac\n'
        )
        file.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def test_what_slurm_would_refuse_is_refused_before_anything_is_made(commands):
    whole = {"kind": "auto", "cpus": None, "gpus": None, "limits": CellLimits()}
    with pytest.raises(fr.FrontrunnerError, match="'acount'; did you mean 'account'"):
        SlurmExecutor(commands / "jobs", **whole, settings={"acount": "ml"}).require_ready()
    refused = SlurmExecutor(commands / "jobs", **whole, settings={"time": "abc"})
    refused.require_ready()
    assert refused.open(0) == ["slurm"]
    assert not (commands / "asked").exists()  # that is for where a cell is left
    with pytest.raises(fr.ConfigError, match=r"Slurm refuses a job of .*--time=abc.* \(sbatch: error: bad time\)"):
        refused.open(1)
    assert not (commands / "jobs").exists()
    taken = SlurmExecutor(commands / "jobs", **whole, settings={"time": "90", "account": "ml"})
    assert taken.open(2) == taken.open(2) == ["slurm"] * 2
    assert (commands / "asked").read_text().count("--time=90") == 1


def test_a_controller_that_does_not_answer_has_refused_nothing(commands):
    (commands / "away").touch()
    executor = SlurmExecutor(
        commands / "jobs", kind="auto", cpus=None, gpus=None, limits=CellLimits(), settings={"time": "abc"}
    )
    executor.require_ready()
    with pytest.raises(
        fr.ConfigError, match=r"controller does not answer \(sbatch: error: no contact\); start the same"
    ):
        executor.open(1)
