"""Ray and Slurm, started for real: the same results as on this machine, whatever is killed."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest
from engines import PATIENT, engine_process, standing_ray, start_of
from one_machine_slurm import MISSING, one_machine_slurm

from frontrunner.harness.records.store import Store

LEARNERS = ["weight-averaging", "patient", "interpolation"]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def ray_options(command):
    """The options that run cells on a Ray cluster of this machine."""
    pytest.importorskip("ray")
    with standing_ray(command.environment) as address:
        yield ["--executor", "ray", "--ray-address", address]


@pytest.fixture(scope="module")
def slurm_options(tmp_path_factory):
    """The options that run cells on a Slurm of this machine."""
    pytest.importorskip("submitit")
    if MISSING:
        pytest.skip(f"no Slurm can be started here: {MISSING}")
    with one_machine_slurm(tmp_path_factory.mktemp("slurm")) as environment, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield ["--executor", "slurm", "--slurm-partition", "low"]


@pytest.fixture(scope="module")
def here_options():
    """The options that run cells as jobs of this machine, by submitit without Slurm."""
    pytest.importorskip("submitit")
    return ["--executor", "slurm", "--slurm-set", "cluster=local", "--slurm-set", "array_parallelism=2"]


@pytest.fixture(params=["ray", "slurm"])
def engine(request):
    """The options of one engine after the other."""
    return request.getfixturevalue(f"{request.param}_options")


@pytest.fixture
def bench(command, tmp_path):
    """(options, gate=) -> the arguments of the bench in a folder, whose learner `patient` waits for the gate."""
    (tmp_path / "patient.py").write_text(PATIENT)

    def arguments(options, learners=LEARNERS, folder=tmp_path, **keys):
        return [*command.bench(folder, learners, plugins=[tmp_path / "patient.py"], **keys), *options]

    return arguments


def start(command, arguments):
    """A command that knows of the Slurm that a fixture has started."""
    told = {name: value for name, value in os.environ.items() if name.startswith("SLURM_")}
    return dataclasses.replace(command, environment=command.environment | told).start(*arguments)


def ended(process, seconds=800):
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out, err


def fronts(folder):
    """(label, seed) -> the bytes of every number of the front; a cell that was recorded twice is an error."""
    found = {}
    for attempt in Store(folder / "store", create=False).attempts():
        if attempt.status == "finished":
            table = pq.read_table(attempt.folder / "front.parquet")
            names = [name for name in table.column_names if name.startswith(("error_", "loss_", "preference"))]
            assert (attempt.cell.label, attempt.cell.seed) not in found
            found[attempt.cell.label, attempt.cell.seed] = [table.column(name).to_numpy().tobytes() for name in names]
    return found


def board(command, folder):
    (found,) = json.loads(command.within("leaderboard", "--format", "json", "--store", folder / "store").out)
    names = ("hypervolume", "igd", "igd_plus")
    return [(row["label"], row["seeds"], [row["metrics"][name] for name in names]) for row in found["rows"]]


@pytest.mark.parametrize("engine", ["ray", "slurm", "here"], indirect=True)
def test_a_killed_engine_process_is_started_again_and_the_results_are_those_of_this_machine(
    engine, bench, command, tmp_path
):
    running = start(command, bench(engine, seeds=[0, 1]))
    try:
        worker = start_of(tmp_path, command=running)
        engine_process(worker).kill()
        start_of(tmp_path, 3, command=running)  # the other seed's, and the one that was killed
        (tmp_path / "gate").touch()
        status, out, err = ended(running)
    finally:
        running.kill()
    assert (status, err) == (0, ""), out
    attempts = Store(tmp_path / "store", create=False).attempts()
    assert [attempt.status for attempt in attempts] == ["finished"] * 6
    (tmp_path / "here").mkdir()
    there = ended(start(command, bench([], folder=tmp_path / "here", seeds=[0, 1])))
    assert there[0] == 0
    assert fronts(tmp_path) == fronts(tmp_path / "here")
    assert board(command, tmp_path) == board(command, tmp_path / "here")


@pytest.mark.parametrize("engine", ["ray", "here"], indirect=True)
def test_a_killed_worker_is_told_within_seconds_and_starts_again(engine, bench, command, tmp_path):
    running = start(command, [*bench(engine, ["patient"]), "--log", "json"])
    try:
        start_of(tmp_path, command=running).kill()
        killed = time.monotonic()
        start_of(tmp_path, 2, command=running)
        took_s = time.monotonic() - killed
        (tmp_path / "gate").touch()
        status, out, err = ended(running)
    finally:
        running.kill()
    assert status == 0, err
    told = [json.loads(line) for line in err.splitlines()]
    events = [one["event"] for one in told if one["event"] in ("cell_lost", "cell_queued", "phase", "note")]
    assert events == ["cell_queued", *["phase"] * 2, "cell_lost", "cell_queued", *["phase"] * 3]
    (lost,) = [one for one in told if one["event"] == "cell_lost"]
    assert (lost["reason"], lost["phase"]) == ("its process was ended by signal 9 (out of memory?)", "fit")
    assert "raylet" not in out
    assert "\x1b[" not in out
    assert took_s < 20
    (attempt,) = Store(tmp_path / "store", create=False).attempts()
    log = (attempt.folder / "worker.log").read_text()
    assert log.endswith("an earlier start of this cell was lost: its process was ended by signal 9 (out of memory?)\n")


def test_what_no_node_can_serve_is_refused_before_anything_is_recorded(engine, bench, command, tmp_path):
    status, _, err = ended(start(command, bench([*engine, "--cell-cpus", "64"])))
    assert status == 1
    assert err.count("\n") == 1
    assert "64" in err
    assert not (tmp_path / "store").exists()


def test_ctrl_c_ends_the_cells_of_ray(ray_options, bench, command, tmp_path):
    running = start(command, bench(ray_options, ["patient"]))
    try:
        worker = start_of(tmp_path, command=running)
        running.send_signal(signal.SIGTERM)  # means the same, and is not ignored where tests run in the background
        status, _, err = ended(running, 200)
    finally:
        running.kill()
    assert status == 1
    assert err.startswith("error: interrupted; the same command goes on")
    assert not worker.is_running() or worker.status() == "zombie"
    (attempt,) = Store(tmp_path / "store", create=False).attempts()
    assert (attempt.status, attempt.reason) == ("killed", "interrupted")


def test_ctrl_c_in_a_terminal_ends_jobs_of_this_machine_with_one_sentence(here_options, bench, command, tmp_path):
    told = {"start_new_session": True, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    arguments = [sys.executable, "-m", "frontrunner", *map(str, bench(here_options, ["patient"]))]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a command inherits that it is ignored
    with subprocess.Popen(arguments, env=command.environment, cwd=tmp_path, **told) as running:
        try:
            worker = start_of(tmp_path, command=running)
            os.killpg(running.pid, signal.SIGINT)  # to the group, as a terminal does
            status, _, err = ended(running, 200)
        finally:
            running.kill()
            signal.signal(signal.SIGINT, before)
    assert status == 1
    assert err.count("\n") == 1, err
    assert err.startswith("error: interrupted; the same command goes on")
    worker.wait(60)
    assert not worker.is_running()


def jobs_of(folder):
    return sorted(file.name for file in (folder / "store" / "jobs" / "logs").glob("*_submission.sh"))


class TestJobsThatGoOn:
    def test_the_same_command_collects_what_jobs_have_left(self, slurm_options, bench, command, tmp_path):
        running = start(command, bench(slurm_options))
        try:
            start_of(tmp_path, command=running)
        finally:
            running.kill()
            running.communicate()
        submitted = jobs_of(tmp_path)
        (tmp_path / "gate").touch()
        deadline = time.monotonic() + 200
        left = {file.parent for file in (tmp_path / "store" / "jobs").glob("*/job.json")}
        assert left  # the patient one, and what the command has not collected before
        while not all((folder / "ended.json").exists() for folder in left):
            assert time.monotonic() < deadline
            time.sleep(0.5)
        status, out, err = ended(start(command, bench(slurm_options)))
        assert (status, err) == (0, ""), out
        assert jobs_of(tmp_path) == submitted  # nothing was submitted again
        assert len(fronts(tmp_path)) == 3
        assert len((tmp_path / "starts").read_text().split()) == 1
        assert [left.name for left in (tmp_path / "store" / "jobs").iterdir()] == ["logs"]

    def test_a_preempted_job_starts_again(self, slurm_options, bench, command, tmp_path):
        running = start(command, bench(slurm_options, ["patient"]))
        try:
            first = start_of(tmp_path, command=running)
            subprocess.run(
                ["sbatch", "--partition=high", "--cpus-per-task=2", "--output=/dev/null", "--wrap=sleep 3"], check=True
            )
            start_of(tmp_path, 2, command=running)
            assert not first.is_running()
            (tmp_path / "gate").touch()
            status, out, err = ended(running)
        finally:
            running.kill()
        assert (status, err) == (0, ""), out
        assert [one.status for one in Store(tmp_path / "store", create=False).attempts()] == ["finished"]
        assert len((tmp_path / "starts").read_text().split()) == 2

    def test_another_executor_takes_a_cell_over(self, slurm_options, bench, command, tmp_path):
        running = start(command, bench(slurm_options, ["patient"]))
        try:
            start_of(tmp_path, command=running)
        finally:
            running.kill()
            running.communicate()
        local = start(command, bench([], ["patient"]))
        try:
            time.sleep(10)
            (tmp_path / "gate").touch()  # of the job that works; it is not run a second time
            status, out, err = ended(local)
        finally:
            local.kill()
        assert (status, err) == (0, ""), out
        assert len((tmp_path / "starts").read_text().split()) == 1
        assert len(fronts(tmp_path)) == 1
