"""What was computed and could not be recorded is kept, and recorded by the next command without running again."""

import errno
import json
import shutil

import pytest
from filelock import FileLock
from mlflow import MlflowClient
from sqlalchemy.exc import OperationalError

import frontrunner as fr
from frontrunner.harness.records import attempt, finished_cell, front_record
from frontrunner.harness.records import store as store_module
from frontrunner.harness.records.store import Store
from frontrunner.harness.records.unrecorded import has_left_behind, record_all_left_behind
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


@pytest.mark.parametrize(
    "error",
    [
        LOCKED,
        pytest.param(OSError(28, "No space left on device"), marks=pytest.mark.slow),
        pytest.param(KeyboardInterrupt(), marks=pytest.mark.slow),
    ],
)
def test_the_same_bench_records_it_without_running_it_again(
    error, not_recorded, run_bench, in_process, drawn, tmp_path
):
    raised = not_recorded(error)
    (key,) = unrecorded(tmp_path)
    if isinstance(error, Exception):
        assert f"is kept in {tmp_path / 'unrecorded' / key}, and the next `frontrunner bench`" in str(raised)
    assert [method for method, _ in in_process] == ["pretrained"]
    with drawn():
        _, settled = run_bench(tmp_path, LEARNERS)
    assert [(one.ending.status, one.ran) for one in settled] == [("finished", False), ("finished", True)]
    assert [method for method, _ in in_process] == LEARNERS
    assert unrecorded(tmp_path) == []
    undisturbed = tmp_path / "undisturbed"
    run_bench(undisturbed, LEARNERS)
    finished = [result for result in results(tmp_path) if result[1] == "finished"]
    assert finished == results(undisturbed)
    opened = Store(tmp_path, create=False)
    assert opened.find(settled[0].run_id).metrics["hypervolume"] == round(finished[0][2], 4)  # it was published too
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
    (one,) = Store(tmp_path, create=False).attempts()
    assert one.status == "running"
    one.folder.parent.mkdir(exist_ok=True)
    shutil.move(tmp_path / "unrecorded" / one.cell.key, one.folder)
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
    aside = tmp_path / "unrecorded" / f"{key}.damaged"
    assert "is damaged (front.parquet is not the file that was written)" in note
    assert note.endswith(f"it is in {aside} now and was not recorded, so pretrained on tiny, seed 0 has to run again")
    assert (aside / "front.parquet").read_bytes() == b"no front"
    run_bench(tmp_path, LEARNERS)
    assert list(record_all_left_behind(Store(tmp_path, create=True))) == []
    assert capsys.readouterr().err == ""  # it is said once


def test_a_second_damaged_folder_does_not_replace_the_first(not_recorded, run_bench, in_process, tmp_path):
    not_recorded(LOCKED)
    (key,) = unrecorded(tmp_path)
    (tmp_path / "unrecorded" / f"{key}.damaged").mkdir()
    (tmp_path / "unrecorded" / f"{key}.damaged" / "mine").touch()
    (tmp_path / "unrecorded" / key / "curve.json").unlink()
    run_bench(tmp_path, ["pretrained"])
    assert [file.name for file in (tmp_path / "unrecorded" / f"{key}.damaged").iterdir()] == ["mine"]
    assert (tmp_path / "unrecorded" / f"{key}.damaged2" / "front.parquet").exists()


TRANSIENT = [OSError(errno.EMFILE, "Too many open files"), OSError(errno.ESTALE, "Stale file handle"), MemoryError()]
READERS = [(finished_cell, "read_limited"), (front_record, "read_table")]


@pytest.mark.parametrize("error", TRANSIENT, ids=repr)
@pytest.mark.parametrize(("module", "function"), READERS[1:], ids=["front"])
def test_what_cannot_be_read_now_is_recorded_later(
    module, function, error, not_recorded, run_bench, in_process, tmp_path, monkeypatch
):
    not_recorded(LOCKED)

    def fail(*_, **__):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(module, function, fail)
        with pytest.raises(fr.StoreError, match=r"cannot be read \("):
            run_bench(tmp_path, ["pretrained"])
    assert len(unrecorded(tmp_path)) == 1
    _, (settled,) = run_bench(tmp_path, ["pretrained"])
    assert (settled.ending.status, settled.ran, len(in_process)) == ("finished", False, 1)


@pytest.mark.parametrize(("module", "function"), READERS, ids=["manifest", "front"])
def test_a_result_that_cannot_be_read_at_its_end_is_kept(
    module, function, run_bench, in_process, tmp_path, monkeypatch
):
    def fail(*_, **__):
        raise TRANSIENT[0]

    with monkeypatch.context() as patch:
        patch.setattr(module, function, fail)
        with pytest.raises(fr.StoreError, match=r"ulimit -n.*is kept in .*`frontrunner bench`.* records it"):
            run_bench(tmp_path, ["pretrained"])
    _, (settled,) = run_bench(tmp_path, ["pretrained"])
    assert (settled.ending.status, settled.ran, len(in_process)) == ("finished", False, 1)


def test_a_finished_cell_does_not_run_again_because_its_front_cannot_be_read_now(
    run_bench, in_process, tmp_path, monkeypatch
):
    run_bench(tmp_path, ["pretrained"])

    def fail(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(attempt, "digest_files", fail)
        with pytest.raises(fr.StoreError, match=r"cannot be read \(Permission denied\); give yourself permission"):
            run_bench(tmp_path, ["pretrained"])
    run_bench(tmp_path, ["pretrained"])
    assert len(in_process) == 1


def test_a_flipped_byte_of_a_cost_is_noticed_before_it_is_recorded(
    not_recorded, run_bench, in_process, tmp_path, capsys
):
    not_recorded(LOCKED)
    (key,) = unrecorded(tmp_path)
    manifest = tmp_path / "unrecorded" / key / "cell.json"
    content = bytearray(manifest.read_bytes())
    content[content.index(b'"front_points": ') + len(b'"front_points": ')] ^= 1
    manifest.write_bytes(content)
    assert json.loads(content)["costs"]["front_points"] != 1
    _, (settled,) = run_bench(tmp_path, ["pretrained"])
    assert (settled.ending.status, settled.ran, len(in_process)) == ("finished", True, 2)
    assert "cell.json is not the file that was written" in capsys.readouterr().err
    assert (tmp_path / "unrecorded" / f"{key}.damaged").is_dir()


def test_what_a_newer_version_has_left_is_left_to_it(not_recorded, run_bench, in_process, command, tmp_path):
    not_recorded(LOCKED)
    (key,) = unrecorded(tmp_path)
    manifest = tmp_path / "unrecorded" / key / "cell.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"version": 3, "more": 1}))
    board = command.within("leaderboard", "--store", tmp_path)
    assert board.status == 0
    assert "newer version of Frontrunner" in board.err
    with pytest.raises(fr.StoreError, match=r"layout is 3, this version reads up to 2; update Frontrunner"):
        run_bench(tmp_path, ["pretrained"])
    assert (unrecorded(tmp_path), len(in_process)) == ([key], 1)


def test_a_result_that_nothing_in_the_store_has_asked_for_is_named(not_recorded, in_process, command, tmp_path):
    not_recorded(LOCKED)
    (key,) = unrecorded(tmp_path)
    other = tmp_path / "other"
    Store(other, create=True)
    shutil.copytree(tmp_path / "unrecorded", other / "unrecorded")
    ended = command.within("leaderboard", "--store", other)
    assert f"note: {other / 'unrecorded' / key} holds the result of pretrained on tiny, seed 0" in ended.err
    assert unrecorded(other) == [key]


def test_weights_are_not_read_to_find_what_was_left(not_recorded, in_process, tmp_path, monkeypatch):
    not_recorded(LOCKED)

    def fail(*_):
        raise AssertionError

    monkeypatch.setattr(finished_cell, "digest_files", fail)
    assert has_left_behind(Store(tmp_path, create=False))


def test_a_recorded_cell_stays_recorded_where_mlflow_cannot_close_its_run(
    run_bench, in_process, tmp_path, monkeypatch, capsys
):
    set_terminated = MlflowClient.set_terminated

    def refuse(self, run_id, status=None, end_time=None):
        if self.get_run(run_id).data.tags["frontrunner.kind"] == "cell":
            raise OperationalError("update", {}, Exception("disk I/O error\nand more"))
        set_terminated(self, run_id, status, end_time)

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "set_terminated", refuse)
        run_bench(tmp_path, ["pretrained"])
    (note,) = capsys.readouterr().err.splitlines()
    assert "is recorded as finished, but MLflow shows it as running" in note
    ((label, status, volume),) = results(tmp_path)
    assert (label, status, volume > 0) == ("pretrained", "finished", True)
    run_bench(tmp_path, ["pretrained"])
    assert len(in_process) == 1


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


def test_a_leaderboard_that_records_mends_a_moved_store_first(not_recorded, in_process, command, tmp_path):
    not_recorded(LOCKED)
    moved = tmp_path.with_name(f"{tmp_path.name}-moved")
    tmp_path.rename(moved)
    first, second = command.within("leaderboard", "--store", moved).err.splitlines()
    assert first.startswith(f"note: the store was in {tmp_path} before")
    assert second.startswith("note: recorded the result of a cell")
    assert Store(moved, create=False).moved_from() is None
