"""A store whose database is lost or damaged says so in one sentence, and is made again from the files beside it."""

import contextlib
import json
import shutil
import sqlite3
from unittest.mock import Mock

import pytest
from filelock import FileLock

from frontrunner.errors import StoreError
from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.board.raw_boards import as_json
from frontrunner.harness.cells.bench_file import BenchSpec
from frontrunner.harness.records import database_check, forgetting, rebuild
from frontrunner.harness.records.artifact_addresses import mend_addresses
from frontrunner.harness.records.store import Store
from frontrunner.harness.reports.publish import run_and_publish_bench
from frontrunner.harness.running.executors.local import LocalExecutor
from frontrunner.harness.running.progress_file import ProgressFile


def close(opened):
    """MLflow keeps connections of a process to a database, and with them the file that was there before."""
    opened.client._wrapped._tracking_client.store.engine.dispose()


def rows(database, query):
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return sorted(map(tuple, connection.execute(query)))


def of_finished(database, columns, table):
    """What a table says of finished cells that are not forgotten."""
    finished = "select run_uuid from tags where key = 'frontrunner.status' and value = 'finished'"
    cells = "select run_uuid from tags where key = 'frontrunner.kind' and value in ('cell', 'trial')"
    active = "select run_uuid from runs where lifecycle_stage = 'active'"
    where = " and ".join(f"run_uuid in ({one})" for one in (finished, cells, active))
    return rows(database, f"select run_uuid, {columns} from {table} where {where}")


def contents(database):
    return {
        "runs": of_finished(database, "name, status, experiment_id, artifact_uri", "runs"),
        "params": of_finished(database, "key, value", "params"),
        "metrics": of_finished(database, "key, value, step", "latest_metrics"),
        "tags": of_finished(database, "key, value", "tags"),
    }


def boards(store):
    """The numbers of all learners that have some."""
    (board,) = json.loads(as_json(leaderboards(Store(store, create=False))))
    return [row for row in board["rows"] if row["run_ids"]]


def lose(database):
    database.unlink()


def empty(database):
    database.write_bytes(b"")


def truncate(database):
    content = database.read_bytes()
    database.write_bytes(content[: len(content) // 2])


def flip_pages(database):
    content = bytearray(database.read_bytes())
    for start in range(4096, len(content), 4096):
        content[start : start + 8] = b"\xa5" * 8
    database.write_bytes(content)


def overwrite(database):
    database.write_text("what a browser has saved instead\n" * 400)


def replace(database):
    database.unlink()
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("create table guests (name text)")


DAMAGES = [lose, empty, truncate, flip_pages, overwrite, replace]


@pytest.fixture(scope="module")
def intact(without_processes, tmp_path_factory):
    """A store of two benches, one with a cell that fails; never changed."""
    folder = tmp_path_factory.mktemp("intact") / "store"
    store = Store(folder, create=True)
    failing = {"method": "misbehaving", "options": {"how": "raise"}}
    with without_processes():
        for name, learners in (("one", ["pretrained", failing]), ("two", ["pretrained", "task-arithmetic"])):
            spec = BenchSpec.model_validate({"name": name, "suites": ["tiny"], "learners": learners})
            run_and_publish_bench(spec, store, executor=LocalExecutor(["cpu"]), plugins=[], listener=Mock())
    return folder


@pytest.fixture
def store(intact, tmp_path):
    """A copy of it, in its place as far as MLflow's addresses go."""
    folder = shutil.copytree(intact, tmp_path / "store")
    mend_addresses(folder / "mlflow.db", folder)
    return folder


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_command_says_what_is_wrong_and_what_mends_it(command, store, damage):
    damage(store / "mlflow.db")
    before = {file: file.read_bytes() for file in store.glob("mlflow*")}
    for arguments in (["leaderboard"], ["run", "pretrained", "tiny"], ["forget", "abc"], ["store", "repair"]):
        ended = command.within(*arguments, "--store", store)
        ended.assert_one_sentence(f"frontrunner store rebuild --store {store}")
    assert {file: file.read_bytes() for file in store.glob("mlflow*")} == before


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_rebuilt_database_says_of_finished_cells_what_the_old_one_did(command, store, damage):
    database, shown = store / "mlflow.db", boards(store)
    old = contents(database)
    damage(database)
    damaged = database.read_bytes() if database.exists() else None
    ended = command.within("store", "rebuild", "--store", store)
    assert (ended.status, ended.err) == (0, "")
    assert "2 finished cells" in ended.out
    assert "1 run without a result" in ended.out
    new = contents(database)
    assert {name: len(found) for name, found in new.items()} == {name: len(found) for name, found in old.items()}
    assert new == old
    if damaged is not None:
        assert (store / "mlflow.damaged.db").read_bytes() == damaged
    assert boards(store) == shown


def test_parents_are_those_of_before_and_the_same_bench_goes_on(store, run_bench):
    before = {run.run_id: run.tags["frontrunner.bench"] for run in Store(store, create=False).runs("kind", "bench")}
    (store / "mlflow.db").unlink()
    rebuild.rebuild(store, lambda *_: None)
    opened = Store(store, create=False)
    assert {run.run_id: run.tags["frontrunner.bench"] for run in opened.runs("kind", "bench")} == before
    assert {attempt.tags["mlflow.parentRunId"] for attempt in opened.attempts()} <= set(before)
    _, settled = run_bench(store, ["pretrained", "task-arithmetic"])
    assert [one.ran for one in settled] == [False, False]


def test_two_runs_of_one_bench_become_one(store):
    """Two commands may have made it at once, one of which was then deleted in MLflow."""
    (first, _) = Store(store, create=False).runs("kind", "bench")
    folder = store / "artifacts" / "tiny" / first.run_id
    shutil.copytree(folder, folder.with_name("f" * 32))
    (store / "mlflow.db").unlink()
    rebuild.rebuild(store, lambda *_: None)
    opened = Store(store, create=False)
    parents = {run.run_id for run in opened.runs("kind", "bench")}
    assert len(parents) == 2
    assert {attempt.tags["mlflow.parentRunId"] for attempt in opened.attempts()} <= parents
    assert [str(opened.client.get_run(run_id).info.status) for run_id in parents].count("RUNNING") == 0


def test_runs_forgotten_before_are_forgotten_still_and_come_back(store):
    opened = Store(store, create=True)
    (chosen,) = [one.run_id for one in opened.attempts() if one.cell.method == "pretrained"]
    forgetting.forget(opened, forgetting.find_to_forget(opened, [chosen]))
    close(opened)
    (store / "mlflow.db").unlink()
    found = rebuild.rebuild(store, lambda *_: None)
    assert (found.n_finished, found.n_forgotten) == (1, 1)
    opened = Store(store, create=True)
    assert [one.cell.method for one in opened.attempts()] == ["task-arithmetic"]
    assert forgetting.remember(opened, [chosen]) == [chosen]
    close(opened)
    (store / "mlflow.db").unlink()
    assert rebuild.rebuild(store, lambda *_: None).n_forgotten == 0


def test_a_rebuild_that_was_killed_is_begun_again_and_keeps_the_old_database(command, store):
    database = store / "mlflow.db"
    old = contents(database)
    truncate(database)
    damaged = database.read_bytes()

    def killed(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild.rebuild(store, killed)
    close(rebuild._BeingRebuilt(store, create=False))
    command.within("leaderboard", "--store", store).assert_one_sentence("is being made again", "store rebuild")
    command.within("run", "pretrained", "tiny", "--store", store).assert_one_sentence("is being made again")
    assert command.within("store", "rebuild", "--store", store).status == 0
    assert contents(database) == old
    assert (store / "mlflow.damaged.db").read_bytes() == damaged


def test_what_waits_unrecorded_is_recorded_and_damaged_results_are_named(command, store):
    opened = Store(store, create=False)
    one, other = (attempt for attempt in opened.attempts() if attempt.status == "finished")
    waiting = opened.unrecorded(one.cell)
    waiting.parent.mkdir(exist_ok=True)
    one.folder.rename(waiting)
    (other.folder / "front.parquet").write_bytes(b"damaged")
    lose(store / "mlflow.db")
    ended = command.within("store", "rebuild", "--store", store)
    ended.assert_one_sentence("damaged, and left out", other.run_id[:8], "front.parquet")
    assert "1 finished cell, 1 of which had not been recorded before" in ended.out
    assert [attempt.cell.key for attempt in Store(store, create=False).attempts()] == [one.cell.key]
    assert (other.folder / "front.parquet").read_bytes() == b"damaged"


def test_a_whole_database_is_left_alone_and_a_running_cell_is_waited_for(store):
    with pytest.raises(StoreError, match="is undamaged; nothing was changed"):
        rebuild.rebuild(store, lambda *_: None)
    lose(store / "mlflow.db")
    with FileLock(store / "locks" / "0123456789abcdef.lock"), pytest.raises(StoreError, match="at this moment"):
        rebuild.rebuild(store, lambda *_: None)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("damage", [lose, empty])
def test_a_bench_that_runs_no_cell_at_the_moment_is_waited_for(store, damage, force):
    damage(store / "mlflow.db")
    content = list(store.glob("mlflow.*"))
    with ProgressFile(store, command="bench", name="one", n_cells=1):
        refusal = r"`frontrunner bench` works on the store in .* \(process \d+ on .*\); end it, or wait"
        with pytest.raises(StoreError, match=refusal):
            rebuild.rebuild(store, lambda *_: None, force=force)
    assert list(store.glob("mlflow.*")) == content  # no mark is left, which would keep that bench away
    rebuild.rebuild(store, lambda *_: None)


def test_a_store_is_marked_before_anybody_is_looked_for(store, monkeypatch):
    lose(store / "mlflow.db")
    marked = []
    monkeypatch.setattr(
        rebuild, "running_commands", lambda _: marked.append((store / rebuild.REBUILDING).exists()) or []
    )
    rebuild.rebuild(store, lambda *_: None)
    assert marked == [True]


def test_an_empty_folder_has_nothing_to_be_rebuilt_from(command, tmp_path):
    command.within("store", "rebuild", "--store", tmp_path).assert_one_sentence("holds no files of runs")


def test_a_large_database_is_checked_only_after_a_crash(store, monkeypatch):
    monkeypatch.setattr(database_check, "CHECKED_BYTES", 0)
    checked = []
    reading = database_check.reading

    @contextlib.contextmanager
    def watched(database):
        with reading(database) as connection:
            connection.set_trace_callback(lambda said: checked.append(said) if "quick_check" in said else None)
            yield connection

    monkeypatch.setattr(database_check, "reading", watched)
    database_check.require_undamaged(store / "mlflow.db")
    assert checked == []
    (store / "mlflow.db-journal").write_bytes(b"")
    database_check.require_undamaged(store / "mlflow.db")
    assert len(checked) == 1
