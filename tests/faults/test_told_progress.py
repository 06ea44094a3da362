"""A command that is killed outright: boards and `frontrunner status` know it at once, and the next command goes on."""

import json
import os
import signal
import time
from types import SimpleNamespace

import pytest
from filelock import FileLock

from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.board.long_table import results
from frontrunner.harness.cells.cell import Cell
from frontrunner.harness.commands.status_lines import command_lines
from frontrunner.harness.records.mlflow_tags import HOST
from frontrunner.harness.records.running_commands import FOLDER, RunningCell, running_commands
from frontrunner.harness.records.status import Ending, Status
from frontrunner.harness.records.store import Store
from frontrunner.harness.running import progress_file
from frontrunner.harness.running.listener import ForwardingListener
from frontrunner.harness.running.progress_file import ProgressFile, ProgressListener
from frontrunner.harness.running.settled_cell import SettledCell
from frontrunner.harness.running.worker_events import PhaseStarted, Progressed, Queued


def cell(seed=0):
    return Cell("one", "1", {}, "made-up", "1", ("a", "b"), seed, 3, "one")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store", create=True)


@pytest.fixture
def begun(store):
    """A store with a cell that is recorded as running; its cell."""
    parent = store.parent_run("bench", "made-up", "made up", "digest", {"cells.json": {"cells": [], "keys": []}})
    store.begin(cell(), parent)
    return cell()


class Deaf:
    def begins(self, cell, device): ...
    def waits(self, cell): ...
    def reports(self, cell, event): ...
    def ends(self, settled): ...


def shown(store):
    (board,) = leaderboards(store)
    return board.rows[0].unfinished[0]


def test_a_running_cell_whose_process_is_gone_was_killed(store, begun):
    assert shown(store) == "killed: the process that ran it is gone; the same command runs it again"
    assert results(store.folder)["status"].tolist() == ["killed"]
    with FileLock(store.folder / "locks" / f"{begun.key}.lock"):
        assert shown(store) == "running"
        assert results(store.folder)["status"].tolist() == ["running"]
    assert shown(store).startswith("killed")


def test_what_another_machine_runs_is_running(store, begun):
    (attempt,) = store.attempts()
    store.log(attempt.run_id, tags={HOST: "another"})
    assert shown(store) == "running"


def test_a_command_tells_what_it_does_and_leaves_nothing(store):
    file = ProgressFile(store.folder, command="bench", name="mine", n_cells=5)
    listener = ProgressListener(Deaf(), file)
    assert isinstance(listener, ForwardingListener)
    with file:
        for seed in range(3):
            listener.begins(cell(seed), "cpu")
        listener.reports(cell(1), PhaseStarted("fit"))
        listener.reports(cell(1), Progressed("fit", 10, 100, {"loss": 1.0}))
        listener.reports(cell(1), Progressed("fit", 20, 100, {"loss": 1.0}))
        listener.ends(SettledCell(cell(0), Ending(Status.FINISHED), "id", ran=True))
        listener.ends(SettledCell(cell(2), Ending(Status.FAILED, "no luck"), "id", ran=True))
        file._write()  # what its thread does once a second
        (found,) = running_commands(store.folder)
        assert found.alive
        told = found.progress
        assert (told.command, told.name, told.n_cells, told.ended) == ("bench", "mine", 5, {"finished": 1, "failed": 1})
        (running,) = told.running
        assert (running.key, running.phase, running.step, running.total) == (cell(1).key, "fit", 20, 100)
        assert told.failures == [
            {"learner": "one", "suite": "made-up", "seed": 2, "status": "failed", "reason": "no luck"}
        ]
        assert told.left_s() is not None
    assert running_commands(store.folder) == []
    assert list((store.folder / FOLDER).iterdir()) == []


def test_time_left_is_unknown_until_a_cell_has_finished(store):
    file = ProgressFile(store.folder, command="bench", name="mine", n_cells=5)
    with file:
        file.begins(cell(), "cpu")
        file.ends(SettledCell(cell(), Ending(Status.FAILED, "no luck"), "id", ran=True))
        file._write()
        assert running_commands(store.folder)[0].progress.left_s() is None


@pytest.mark.parametrize(
    ("n_ended", "runs", "said"),
    [
        (1, True, "1 of 2 cells, about"),
        (1, False, "1 of 2 cells, no cell runs for it at the moment (since"),
        (2, False, "2 of 2 cells, writing its summary (since"),
    ],
)
def test_what_is_left_is_said_of_cells_that_run(n_ended, runs, said, store, clock):
    with ProgressFile(store.folder, command="bench", name="mine", n_cells=2) as file:
        for seed in range(n_ended):
            file.begins(cell(seed), "cpu")
            clock.now += 10.0
            file.ends(SettledCell(cell(seed), Ending(Status.FINISHED), "id", ran=True))
        if runs:
            file.begins(cell(n_ended), "cpu")
        assert said in next(command_lines(told_of(file, store), clock.now + 2.0))


def test_the_time_left_of_an_activity_is_that_of_its_pace():
    running = RunningCell("k", "l", "s", 0, "cpu", 0.0, activity_started=100.0, first_step=10, step=20, total=50)
    assert running.activity_left_s(120.0) == pytest.approx(60.0)
    assert RunningCell("k", "l", "s", 0, "cpu", 0.0).activity_left_s(1.0) is None


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still, at the second that a test sets, and a file that nothing but the test writes."""

    class Clock:
        now = 0.0

        def time(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(progress_file, "time", clock)
    monkeypatch.setattr(ProgressFile, "_serve", lambda _: None)
    return clock


def told_of(file, store):
    file._write()
    (found,) = running_commands(store.folder)
    return found


def test_a_queued_cell_waits_and_its_time_begins_with_its_first_phase(store, clock):
    with ProgressFile(store.folder, command="bench", name="mine", n_cells=4) as file:
        for seed in range(3):
            file.begins(cell(seed), "slurm")
            file.reports(cell(seed), Queued())
        clock.now = 1000.0
        file.reports(cell(0), PhaseStarted("prepare"))
        clock.now = 1010.0
        file.ends(SettledCell(cell(0), Ending(Status.FINISHED), "id", ran=True))
        file.reports(cell(1), PhaseStarted("prepare"))
        clock.now = 1014.0
        found = told_of(file, store)
        assert (found.progress.n_measured, found.progress.measured_s, found.progress.n_at_once) == (1, 10.0, 1)
        assert found.progress.left_s(1014.0) == 6.0 + 2 * 10.0
        whole, runs, waits = command_lines(found, 1014.0)
        assert "1 of 4 cells, 1 in the queue, about" in whole
        assert runs.endswith("seed 1 on slurm, since 4.0 s: prepare")
        assert waits.endswith("seed 2 on slurm: waits in the queue, since 16 min 54 s")
        file.reports(cell(1), Queued())  # its job was lost
        assert told_of(file, store).progress.n_queued == 2


def test_time_left_is_not_said_once_a_cell_outlasts_those_that_have_finished(store, clock):
    with ProgressFile(store.folder, command="bench", name="mine", n_cells=3) as file:
        file.begins(cell(0), "cpu")
        file.reports(cell(0), PhaseStarted("fit"))
        clock.now = 10.0
        file.ends(SettledCell(cell(0), Ending(Status.FINISHED), "id", ran=True))
        file.begins(cell(1), "cpu")
        file.reports(cell(1), PhaseStarted("fit"))
        told = told_of(file, store)
        assert told.progress.left_s(13.0) == 7.0 + 10.0
        assert told.progress.left_s(20.5) is None
        whole, *_ = command_lines(told, 20.5)
        assert "1 of 3 cells" in whole
        assert "left" not in whole


def test_a_finished_cell_whose_start_was_not_seen_counts_as_long_as_was_recorded(store, clock):
    costs = SimpleNamespace(costs={"wall_time_s": 300.0})
    with ProgressFile(store.folder, command="bench", name="mine", n_cells=4) as file:
        for seed, told in enumerate([[], [PhaseStarted("fit")]]):
            file.begins(cell(seed), "slurm")
            for event in [Queued(), *told]:
                file.reports(cell(seed), event)
            file.ends(SettledCell(cell(seed), Ending(Status.FINISHED), "id", ran=True, finished=costs))
        file.begins(cell(2), "slurm")
        file.reports(cell(2), Queued())
        file.ends(SettledCell(cell(2), Ending(Status.FINISHED), "id", ran=True))
        progress = told_of(file, store).progress
        assert (progress.n_measured, progress.measured_s) == (2, 600.0)


def test_a_file_without_its_lock_is_of_a_killed_command_and_removed_by_the_next(command, store):
    file = ProgressFile(store.folder, command="bench", name="mine", n_cells=5)
    file.__enter__()
    file.begins(cell(), "cpu")
    file._write()
    file._lock.release()  # as the system does when a process ends
    (found,) = running_commands(store.folder)
    assert not found.alive
    ended = command.within("status", "--store", store.folder)
    assert "bench mine: killed after" in ended.out
    assert "one · made-up · seed 0 on cpu: was running" in ended.out
    (told,) = json.loads(command.within("status", "--store", store.folder, "--format", "json").out)["commands"]
    assert (told["state"], "left_s" in told) == ("killed", False)
    stale = (store.folder / FOLDER / "x").with_name(f"{found.progress.host}-1.json")
    file._file.rename(stale)
    with ProgressFile(store.folder, command="run", name="", n_cells=1):
        assert not stale.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"running": 1}', '{"running": []}'])
def test_a_damaged_progress_file_is_left_out(content, store):
    (store.folder / FOLDER).mkdir()
    (store.folder / FOLDER / "host-1.json").write_text(content)
    assert running_commands(store.folder) == []


def test_a_folder_without_a_store_is_one_sentence(command, tmp_path):
    command.within("status", "--store", tmp_path).assert_one_sentence("there is no store in")


@pytest.mark.slow
def test_a_bench_that_runs_is_shown_and_then_killed(command, tmp_path):
    gate = tmp_path / "gate"
    waiting = {"method": "misbehaving", "options": {"how": "wait", "gate": str(gate)}}
    bench = command.bench(tmp_path, ["pretrained", waiting])
    process = command.start(*bench)
    try:
        deadline = time.monotonic() + 200
        told = {"commands": []}
        while not any(
            one["learner"].startswith("misbehaving") and one.get("step")
            for of in told["commands"]
            for one in of["running"]
        ):
            assert time.monotonic() < deadline, told
            time.sleep(0.5)
            ended = command.within("status", "--store", tmp_path / "store", "--format", "json")
            told = json.loads(ended.out) if ended.status == 0 else told
        (running,) = told["commands"]
        assert (running["state"], running["ended"], running["n_cells"]) == ("running", {"finished": 1}, 2)
        (cell_told,) = running["running"]
        assert (cell_told["phase"], cell_told["step"], cell_told["total"]) == ("fit", 1, 2)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert "bench test: killed" in command.within("status", "--store", tmp_path / "store").out
        while "(1 finished, 1 killed)" not in command.within("status", "--store", tmp_path / "store").out:
            assert time.monotonic() < deadline  # until its worker has ended, too
            time.sleep(0.5)
        board = command.within("leaderboard", "--store", tmp_path / "store", "--format", "csv")
        assert "seed 0 killed: the process that ran it is gone" in board.out
    finally:
        process.kill()
        process.communicate()
