"""What was computed and could not be recorded is kept, and recorded by the next command without running again."""

import json
import shutil

import pytest
from filelock import FileLock
from sqlalchemy.exc import OperationalError

import frontrunner as fr
from frontrunner.harness.records import store as store_module
from frontrunner.harness.records.store import Store
from frontrunner.harness.records.unrecorded import record_all_left_behind
from frontrunner.harness.reports.publish import publish_left_behind
from frontrunner.harness.running import settle

LEARNERS = ["pretrained", "experts"]


def unrecorded(folder):
    return sorted(found.parent.name for found in (folder / "unrecorded").glob("*/cell.json"))


def results(folder):
    """(label, status, hypervolume of the recorded front) of every attempt."""
    attempts = Store(folder, create=False).attempts()
    return [
        (one.cell.label, one.status, one.status == "finished" and one.record().hypervolume().value) for one in attempts
    ]


@pytest.fixture
def not_recorded(run_bench, tmp_path, monkeypatch):
    """(error) -> a store in which the first cell of a bench was computed, and recording it ended in this error."""

    def left(error):
        log_batches = store_module.log_batches

        def refuse(client, run_id, *, tags, **keys):
            if tags.get("frontrunner.status") == "finished":
                raise error
            log_batches(client, run_id, tags=tags, **keys)

        with monkeypatch.context() as patch:
            patch.setattr(store_module, "log_batches", refuse)
            with pytest.raises((fr.StoreError, KeyboardInterrupt)) as raised:
                run_bench(tmp_path, LEARNERS)
        return raised.value

    return left


LOCKED = OperationalError("insert", {}, Exception("database is locked"))


@pytest.mark.parametrize("error", [LOCKED, OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_the_same_bench_records_it_without_running_it_again(error, not_recorded, run_bench, in_process, tmp_path):
    raised = not_recorded(error)
    (key,) = unrecorded(tmp_path)
    if isinstance(error, Exception):
        assert f"is kept in {tmp_path / 'unrecorded' / key}, and the next command on this store records it" in str(
            raised
        )
    assert [method for method, _ in in_process] == ["pretrained"]
    _, settled = run_bench(tmp_path, LEARNERS)
    assert [(one.ending.status, one.ran) for one in settled] == [("finished", False), ("finished", True)]
    assert [method for method, _ in in_process] == LEARNERS
    assert unrecorded(tmp_path) == []
    undisturbed = tmp_path / "undisturbed"
    run_bench(undisturbed, LEARNERS)
    finished = [result for result in results(tmp_path) if result[1] == "finished"]
    assert finished == results(undisturbed)
    opened = Store(tmp_path, create=False)
    assert opened.find(settled[0].run_id).metrics["hypervolume"] == finished[0][2]  # it was published too
    assert (opened.find(settled[0].run_id).folder / "front.png").exists()


def test_so_does_the_next_leaderboard(not_recorded, in_process, command, tmp_path):
    not_recorded(LOCKED)
    first = command.within("leaderboard", "--format", "json", "--store", tmp_path)
    assert (
        first.err == "note: recorded the result of a cell that an earlier command had computed and could not record\n"
    )
    (board,) = json.loads(first.out)
    assert [row["label"] for row in board["rows"] if row["seeds"]] == ["pretrained"]
    again = command.within("leaderboard", "--format", "json", "--store", tmp_path)
    assert (again.err, json.loads(again.out)) == ("", [board])
    assert len(in_process) == 1


def test_a_command_killed_before_it_recorded_leaves_it_behind(run_bench, in_process, tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(settle, "_read", killed)
        with pytest.raises(KeyboardInterrupt):
            run_bench(tmp_path, LEARNERS)
    assert len(unrecorded(tmp_path)) == 1
    assert len(publish_left_behind(Store(tmp_path, create=True))) == 1
    assert [label for label, status, _ in results(tmp_path) if status == "finished"] == ["pretrained"]


def test_so_does_one_killed_after_it_moved_the_files(not_recorded, run_bench, in_process, tmp_path):
    not_recorded(KeyboardInterrupt())
    (attempt,) = Store(tmp_path, create=False).attempts()
    assert attempt.status == "running"
    attempt.folder.parent.mkdir(exist_ok=True)
    shutil.move(tmp_path / "unrecorded" / attempt.cell.key, attempt.folder)
    run_bench(tmp_path, ["pretrained"])
    assert [(label, status) for label, status, _ in results(tmp_path)] == [
        ("pretrained", "killed"),
        ("pretrained", "finished"),
    ]
    assert len(in_process) == 1


def test_a_damaged_folder_is_said_and_its_cell_runs_again(not_recorded, run_bench, in_process, tmp_path, capsys):
    not_recorded(LOCKED)
    (key,) = unrecorded(tmp_path)
    (tmp_path / "unrecorded" / key / "front.parquet").write_bytes(b"no front")
    _, settled = run_bench(tmp_path, LEARNERS)
    assert [one.ran for one in settled] == [True, True]
    (note,) = capsys.readouterr().err.splitlines()
    assert "is damaged (front.parquet is not the file that was written)" in note
    assert note.endswith("pretrained on tiny, seed 0 has to run again")


def test_a_cell_that_has_finished_meanwhile_stays_as_it_is(not_recorded, run_bench, in_process, tmp_path):
    not_recorded(LOCKED)
    (key,) = unrecorded(tmp_path)
    shutil.copytree(tmp_path / "unrecorded" / key, tmp_path / "kept")
    run_bench(tmp_path, LEARNERS)
    before = results(tmp_path)
    shutil.move(tmp_path / "kept", tmp_path / "unrecorded" / key)
    assert list(record_all_left_behind(Store(tmp_path, create=True))) == []
    assert (unrecorded(tmp_path), results(tmp_path)) == ([], before)


def test_a_cell_that_another_process_holds_is_left_to_it(not_recorded, in_process, tmp_path):
    not_recorded(LOCKED)
    (key,) = unrecorded(tmp_path)
    with FileLock(tmp_path / "locks" / f"{key}.lock"):
        assert list(record_all_left_behind(Store(tmp_path, create=True))) == []
    assert len(list(record_all_left_behind(Store(tmp_path, create=True)))) == 1


def test_a_store_that_cannot_be_written_is_read_all_the_same(not_recorded, in_process, command, tmp_path, monkeypatch):
    not_recorded(LOCKED)

    def refuse(self, cell):
        raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr(Store, "lock", refuse)
    read = command.within("leaderboard", "--store", tmp_path)
    assert read.status == 0
    assert read.err.count("\n") == 1
    assert "results that an earlier command could not record are still left out" in read.err
