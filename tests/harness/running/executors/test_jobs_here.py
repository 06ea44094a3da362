"""What jobs without a cluster may be asked for, and which of their processes count as alive."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

import psutil
import pytest

import frontrunner as fr
from frontrunner.harness.running.cell_limits import CellLimits
from frontrunner.harness.running.cell_request import CellRequest
from frontrunner.harness.running.executors import jobs_here
from frontrunner.harness.running.executors.jobs_here import CONTROLLER, JobsHere
from frontrunner.harness.running.executors.slurm_executor import SlurmExecutor

SETTINGS = {"cpus_per_task": 1, "time": 240}


def executor(tmp_path, **settings):
    return SlurmExecutor(tmp_path, kind="cpu", cpus=None, gpus=None, limits=CellLimits(), settings=settings)


def test_they_need_no_slurm_and_end_with_the_command(tmp_path, monkeypatch):
    pytest.importorskip("submitit")
    monkeypatch.setenv("PATH", str(tmp_path))
    here = executor(tmp_path, cluster="local", array_parallelism="3")
    here.require_ready()
    assert here.open(2) == ["submitit"] * 2
    assert here.open(9) == ["submitit"] * 3
    assert not here.outlives
    assert executor(tmp_path).outlives


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cluster": "lokal"}, "cluster was to be slurm or local, found 'lokal'"),
        ({"cluster": "local", "array_parallelism": "two"}, "array_parallelism was to be a whole number .* found 'two'"),
        (
            {"cluster": "local", "array_parallelism": "0"},
            "array_parallelism was to be a whole number above 0 .* found '0'",
        ),
        ({"cluster": "local", "time": "1:30:00"}, "time was to be a whole number .* found '1:30:00'"),
        ({"cluster": "local", "time": "-5"}, "time was to be a whole number .* found '-5'"),
        ({"cluster": "local", "gres": "gpu:many"}, "gres was to be a whole number .* found 'many'"),
        ({"cluster": "local", "tim": "5"}, "unknown setting of --slurm-set 'tim'; did you mean 'time'?"),
        ({"cluster": "local", "x": "5"}, "'x'; choose one of: account, .*, cluster, .*, time, "),
        (
            {"cluster": "local", "cpus_per_task": "9999"},
            "--cell-cpus was to be at most .* CPUs that this command may use, found 9999",
        ),
        ({"cluster": "local", "gres": "gpu:9999"}, "--cell-gpus was to be at most .* GPUs of this machine, found 9999"),
    ],
)
def test_what_they_cannot_be_is_refused_and_no_folder_is_made(settings, message, tmp_path):
    pytest.importorskip("submitit")
    with pytest.raises(fr.FrontrunnerError, match=message):
        executor(tmp_path / "jobs", **settings).require_ready()
    with pytest.raises(fr.FrontrunnerError, match=message):
        executor(tmp_path / "jobs", **settings).open(1)
    assert not (tmp_path / "jobs").exists()


def test_settings_that_only_a_real_slurm_knows_what_to_do_with_are_taken(tmp_path):
    pytest.importorskip("submitit")
    executor(tmp_path, cluster="local", account="ml", qos="low", partition="gpu").require_ready()


def test_one_at_a_time_without_a_setting():
    assert JobsHere.at_once({}) == 1


def test_a_process_that_is_no_job_or_has_ended_is_not_alive(tmp_path):
    pytest.importorskip("submitit")
    jobs = JobsHere(tmp_path, SETTINGS)
    assert not jobs.is_alive(str(os.getpid()))
    with subprocess.Popen([sys.executable, "-c", "", CONTROLLER]) as ended:
        while psutil.Process(ended.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert not jobs.is_alive(str(ended.pid))
    command = [sys.executable, "-c", "input()", CONTROLLER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as lives:
        while not psutil.Process(lives.pid).cmdline():  # the system has not yet started it
            time.sleep(0.01)
        assert jobs.is_alive(str(lives.pid))
        jobs.cancel(str(lives.pid))
        assert lives.wait(20) != 0


@pytest.fixture
def waiting(tmp_path, make_cell):
    """A job that writes where it runs to the file `where` and waits to be ended."""

    @dataclass
    class WaitingJob:  # within the fixture, so that it is pickled with its code
        request: CellRequest
        file: str

        def __call__(self):
            import os  # of the other process
            import time

            with open(self.file, "w") as file:
                file.write(f"{os.getsid(0)} {os.getppid()}")
            time.sleep(100)

    request = CellRequest(make_cell(), "cpu", (), tmp_path / "scratch", tmp_path / "checkpoints")
    return WaitingJob(request, str(tmp_path / "where"))


@pytest.fixture(params=[signal.SIG_IGN, signal.default_int_handler], ids=["in the background", "before a terminal"])
def started_so(request):
    """How a shell starts commands: those in the background ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, request.param)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("started_so")
def test_a_job_is_out_of_reach_of_ctrl_c_and_ends_without_a_word_on_the_terminal(tmp_path, waiting, capfd):
    pytest.importorskip("submitit")
    jobs = JobsHere(tmp_path / "logs", SETTINGS)
    name = jobs.submit(waiting, stop=threading.Event(), say=None)
    process = psutil.Process(int(name))
    while not (tmp_path / "where").exists() or not (tmp_path / "where").read_text():
        assert jobs.is_alive(name)
        time.sleep(0.05)
    assert (tmp_path / "where").read_text() == f"{name} {name}"  # below a process that leads a session of its own
    (job,) = process.children()
    jobs.cancel(name)
    psutil.wait_procs([process, job], timeout=60)
    assert not jobs.is_alive(name)
    assert not job.is_running()
    assert capfd.readouterr() == ("", "")
    assert "KeyboardInterrupt" in (tmp_path / "logs" / f"{name}_submitit.log").read_text()
    assert all(file.name.startswith(f"{name}_") for file in (tmp_path / "logs").iterdir())


@pytest.mark.usefixtures("started_so")
def test_a_job_is_ended_however_far_it_has_come(tmp_path, waiting):
    pytest.importorskip("submitit")
    jobs = JobsHere(tmp_path / "logs", SETTINGS)
    for after_s in (0.0, 0.02, 0.1, 0.3):
        process = psutil.Process(int(jobs.submit(waiting, stop=threading.Event(), say=None)))
        time.sleep(after_s)
        jobs.cancel(str(process.pid))
        jobs.cancel(str(process.pid))
        process.wait(30)


@pytest.mark.usefixtures("started_so")
def test_a_job_that_ends_between_two_signals_is_ended(tmp_path, waiting, monkeypatch):
    pytest.importorskip("submitit")
    jobs = JobsHere(tmp_path / "logs", SETTINGS)
    process = psutil.Process(int(jobs.submit(waiting, stop=threading.Event(), say=None)))

    def too_late(ended, _):
        ended.wait(30)
        raise psutil.NoSuchProcess(ended.pid)

    monkeypatch.setattr(psutil.Process, "send_signal", too_late)
    monkeypatch.setattr(psutil.Process, "terminate", psutil.Process.kill)
    jobs.cancel(str(process.pid))
    assert not process.is_running()


def test_jobs_have_gpus_of_their_own_among_those_that_the_command_sees(tmp_path, waiting, monkeypatch):
    pytest.importorskip("submitit")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "here-3, here-5")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr(jobs_here, "SAID_AFTER_S", 0.0)
    settings = {**SETTINGS, "gres": "gpu:1"}
    assert JobsHere.at_once({**settings, "array_parallelism": "8"}) == 2
    jobs, stop, said = JobsHere(tmp_path / "logs", settings), threading.Event(), []

    def submit():
        name = jobs.submit(waiting, stop=stop, say=said.append)
        return psutil.Process(int(name)) if name else None

    started = [submit(), submit()]
    try:
        assert [one.environ()["CUDA_VISIBLE_DEVICES"] for one in started] == ["here-3", "here-5"]
        assert said == []
        threading.Timer(1.0, jobs.cancel, [str(started[1].pid)]).start()
        started.append(submit())  # waits until the second has ended
        assert started[2].environ()["CUDA_VISIBLE_DEVICES"] == "here-5"
        assert said == ["other jobs have the GPUs of this machine; it starts when they have ended"]
        threading.Timer(0.5, stop.set).start()
        assert submit() is None
    finally:
        for one in started:
            jobs.cancel(str(one.pid))
        psutil.wait_procs(started, timeout=60)


def test_a_job_that_asks_for_no_gpu_sees_none(tmp_path, waiting, monkeypatch):
    pytest.importorskip("submitit")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    jobs = JobsHere(tmp_path / "logs", SETTINGS)
    name = jobs.submit(waiting, stop=threading.Event(), say=None)
    process = psutil.Process(int(name))
    assert process.environ()["CUDA_VISIBLE_DEVICES"] == ""
    jobs.cancel(name)
    process.wait(60)
