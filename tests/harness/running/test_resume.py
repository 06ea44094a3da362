"""Whatever interrupts a bench, the same command continues it and ends in the same leaderboard."""

import contextlib
import dataclasses
import json
import os
import signal
import threading
import time
from dataclasses import dataclass

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest
from processes import below, living, workers_of

from frontrunner.harness.records.store import Store

PATIENT = '''
import time
from pathlib import Path

import frontrunner as fr


class Patient(fr.Learner):
    """Says that it fits, then waits for the gate; both files lie where the command runs."""

    name = "patient"

    def fit(self, problem, preferences, context):
        for step, loss in enumerate([float("inf"), float("nan"), 0.5], 1):
            context.progress("fit", step, 3, loss=loss)
        Path("fitting").touch()
        while not Path("gate").exists():
            time.sleep(0.05)
        size = problem.model_parameters
        return fr.FiniteSet(problem.n_tasks, lambda _: problem.pretrained, ["one"], total_parameters=size)
'''
LEARNERS = ["weight-averaging", "patient", "pwe-moe-ls"]


def arguments(command, folder):
    (folder / "patient.py").write_text(PATIENT)
    return command.bench(folder, LEARNERS, plugins=[folder / "patient.py"])


def attempts_of(folder):
    return [
        (attempt.cell.label, attempt.status, attempt.reason, attempt.run_id)
        for attempt in Store(folder / "store", create=False).attempts()
    ]


def board_of(command, folder):
    (board,) = json.loads(command.within("leaderboard", "--format", "json", "--store", folder / "store").out)
    return board


def board_at_rest(command, folder, seconds=10):
    """The board once no process of a killed bench is left: what keeps a worker ends shortly after it."""
    deadline = time.monotonic() + seconds
    while True:
        board = board_of(command, folder)
        if "running" not in str([row["unfinished"] for row in board["rows"]]) or time.monotonic() > deadline:
            return board
        time.sleep(0.1)


def worker_of(bench, seconds=120):
    """The worker of the bench with this process id, as soon as there is one."""
    process, deadline = psutil.Process(bench), time.monotonic() + seconds
    while living(process) and time.monotonic() < deadline:
        for worker in workers_of(process):
            return worker
        time.sleep(0.01)
    raise AssertionError(f"the bench {'has no worker' if living(process) else 'has ended'}")


def ended_within(process, seconds):
    deadline = time.monotonic() + seconds
    while living(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@contextlib.contextmanager
def started(command, bench, folder):
    """A process of the bench; whatever happens, nothing of it is left when the block ends.

    Once it has been killed, what it started is nobody's child any more, so that is noted before: by `worker_of` the
    test itself, and here what lives when the block ends.
    """
    process = command.start(*bench, folder=folder)
    family = psutil.Process(process.pid)
    noted = []
    try:
        yield process, noted
    finally:
        noted += [found for found, _ in below(family, recursive=True)]
        process.kill()
        for found in noted:
            with contextlib.suppress(psutil.NoSuchProcess):
                found.kill()
        process.communicate()


@dataclass
class Stage:
    """What was seen after one command."""

    worker_ended: bool
    attempts: list
    board: dict
    status: int
    err: str


@pytest.fixture(scope="module")
def undisturbed(command, tmp_path_factory):
    """Two processes run the same bench, started at the same moment on a store that does not exist."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "gate").touch()
    bench = arguments(command, folder)
    with started(command, bench, folder) as (one, _), started(command, bench, folder) as (other, _):
        outputs = [process.communicate(timeout=200) for process in (one, other)]
        return folder, [(process.returncode, *output) for process, output in zip((one, other), outputs, strict=True)]


@pytest.fixture(scope="module")
def stages(command, tmp_path_factory):
    """A bench killed while a worker starts, killed and interrupted while it fits, then left alone, then repeated."""
    folder = tmp_path_factory.mktemp("interrupted")
    bench = arguments(command, folder)
    stages = {}

    def seen(name, worker, status=0, err=""):
        stages[name] = Stage(
            worker is None or ended_within(worker, 10), attempts_of(folder), board_at_rest(command, folder), status, err
        )

    with started(command, bench, folder) as (process, noted):
        for line in process.stdout:
            if line.startswith("patient"):
                break
        noted.append(worker_of(process.pid))
        process.kill()
        process.wait()
        seen("killed at start", noted[0])

    with started(command, bench, folder) as (process, noted):
        while not (folder / "fitting").exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        noted.append(worker_of(process.pid))
        process.kill()
        process.wait()
        seen("killed in fit", noted[0])

    # From here on in this process: nothing is killed that has to be gone.
    (folder / "fitting").unlink()
    here = dataclasses.replace(command, folder=folder)
    workers = []

    over = threading.Event()

    def press_ctrl_c():
        while not (folder / "fitting").exists():
            if over.wait(0.05):
                return
        try:
            workers.append(worker_of(os.getpid()))
        finally:
            os.kill(os.getpid(), signal.SIGINT)  # else the bench would wait for the gate for ever

    presser = threading.Thread(target=press_ctrl_c, daemon=True)
    presser.start()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # workers of pytest-xdist ignore it
    try:
        ended = here.within(*bench)
    finally:
        over.set()
        presser.join()
        signal.signal(signal.SIGINT, before)
    (worker,) = workers
    seen("interrupted in fit", worker, ended.status, ended.err)

    (folder / "gate").touch()
    for name in ("left alone", "again"):
        ended = here.within(*bench)
        seen(name, None, ended.status, ended.err)
    stages["folder"] = folder
    return stages


@pytest.mark.parametrize("stage", ["killed at start", "killed in fit", "interrupted in fit"])
def test_a_worker_ends_with_its_bench(stage, stages):
    assert stages[stage].worker_ended


def test_finished_cells_are_kept(stages):
    first = [run for label, status, _, run in stages["killed at start"].attempts if status == "finished"]
    assert len(first) == 1
    for stage in ("killed in fit", "interrupted in fit", "left alone"):
        kept = [run for label, _, _, run in stages[stage].attempts if label == "weight-averaging"]
        assert kept == first


def test_the_attempt_of_a_killed_bench_ends_as_killed_when_the_command_runs_again(stages):
    gone = ("patient", "killed", "the process that ran it is gone")
    assert [attempt[:3] for attempt in stages["killed at start"].attempts][1:] == [("patient", "running", "")]
    assert [attempt[:3] for attempt in stages["killed in fit"].attempts][1:] == [gone, ("patient", "running", "")]
    assert [attempt[:3] for attempt in stages["left alone"].attempts][1:] == [
        gone,
        gone,
        ("patient", "killed", "interrupted"),
        ("patient", "finished", ""),
        ("pwe-moe-ls", "finished", ""),
    ]


def test_an_interrupted_bench_says_so_in_one_sentence(stages):
    stage = stages["interrupted in fit"]
    assert stage.status == 1
    assert stage.err == (
        "error: interrupted; the same command goes on: finished cells and experts are kept, a fit continues from its "
        "last checkpoint, and an expert that is being trained starts again\n"
    )


def test_cells_that_never_ran_are_shown_as_missing(stages):
    rows = {row["label"]: row for row in stages["killed in fit"].board["rows"]}
    assert rows["weight-averaging"]["seeds"] == [0]
    gone = "killed: the process that ran it is gone; the same command runs it again"
    assert rows["patient"]["unfinished"] == {"0": gone}
    assert rows["pwe-moe-ls"]["unfinished"] == {"0": "missing: not run yet"}
    assert rows["pwe-moe-ls"]["metrics"] == {}


def test_the_same_command_continues_to_the_end(stages):
    stage = stages["left alone"]
    assert (stage.status, stage.err) == (0, "")
    assert [row["unfinished"] for row in stage.board["rows"]] == [{}, {}, {}]
    assert list((stages["folder"] / "store" / "unrecorded").iterdir()) == []


def test_the_same_command_after_that_runs_no_cell(stages):
    assert stages["again"].status == 0
    assert stages["again"].attempts == stages["left alone"].attempts
    assert stages["again"].board == stages["left alone"].board


def test_two_benches_at_once_both_succeed_and_run_every_cell_once(undisturbed):
    folder, ends = undisturbed
    assert [(status, err) for status, _, err in ends] == [(0, ""), (0, "")]
    assert sorted(attempt[:2] for attempt in attempts_of(folder)) == [(label, "finished") for label in sorted(LEARNERS)]
    assert "another process runs this cell" in ends[0][1] + ends[1][1]


def test_the_leaderboard_is_that_of_an_undisturbed_bench(stages, undisturbed, command):
    def scores(board):
        names = ("hypervolume", "igd", "igd_plus")
        return [(row["label"], *(row["metrics"][name] for name in names)) for row in board["rows"]]

    folder, _ = undisturbed
    board = board_of(command, folder)
    assert scores(stages["left alone"].board) == scores(board)
    assert stages["left alone"].board["reference_digest"] == board["reference_digest"]


def arrays(folder, label):
    """The bytes of every recorded objective."""
    store = Store(folder, create=False)
    (attempt,) = (a for a in store.attempts() if a.cell.label == label and a.status == "finished")
    table = pq.read_table(attempt.folder / "front.parquet")
    names = [name for name in table.column_names if name.startswith(("error_", "loss_"))]
    assert len(names) == 6
    return [table.column(name).to_numpy().tobytes() for name in names]


@pytest.mark.parametrize("label", ["weight-averaging", "pwe-moe-ls"])
def test_the_same_seed_gives_the_same_front_byte_for_byte(label, stages, undisturbed, everything):
    front = arrays(everything.store, label)
    assert arrays(undisturbed[0] / "store", label) == front
    assert arrays(stages["folder"] / "store", label) == front


def test_another_seed_gives_another_front(everything, third_party):
    first, other = arrays(everything.store, "pwe-moe-ls"), arrays(third_party.store, "pwe-moe-ls")
    assert all(a != b for a, b in zip(first, other, strict=True))


def test_curve_points_that_are_not_finite_stay_absent(undisturbed):
    store = Store(undisturbed[0] / "store", create=False)
    (attempt,) = (attempt for attempt in store.attempts() if attempt.cell.label == "patient")
    history = store.client.get_metric_history(attempt.run_id, "train_loss")
    assert [(point.step, point.value) for point in history] == [(3, 0.5)]
    recorded = [np.isfinite(value) for attempt in store.attempts() for value in attempt.metrics.values()]
    assert recorded
    assert all(recorded)


def test_a_failed_cell_fails_the_command_and_runs_again_as_a_new_attempt(command, tmp_path):
    run = ["run", "misbehaving", "tiny", "--set", "how=nan", "--plugin", command.plugin, "--store", tmp_path]
    for times in (1, 2):
        ended = command.within(*run)
        assert ended.status == 1
        (sentence,) = ended.err.splitlines()
        assert sentence.startswith("error: 1 of 1 cells did not finish (first: the loss on task 'task0' is nan")
        attempts = Store(tmp_path, create=False).attempts()
        assert [attempt.status for attempt in attempts] == ["failed"] * times
    assert len({attempt.run_id for attempt in attempts}) == 2
