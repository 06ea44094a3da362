"""A store that cannot be written is read all the same, and every refusal of its database is one sentence."""

import contextlib
import shutil
import sqlite3
import subprocess
import sys

import pytest
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import OperationalError

import frontrunner as fr
from frontrunner.harness.records import readable_database
from frontrunner.harness.records.mlflow_database import explained
from frontrunner.harness.records.readable_database import reading
from frontrunner.harness.scoring import score_cache
from frontrunner.harness.scoring.score_cache import open_cache

MOUNT = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'


def values(database):
    with reading(database) as connection:
        return sorted(connection.execute("select value from numbers"))


def new_database(file, journal):
    connection = sqlite3.connect(file)
    connection.execute(f"pragma journal_mode = {journal}")
    connection.execute("pragma cache_size = 1")  # so that a transaction is written before it ends
    with connection:
        connection.execute("create table numbers (value integer, filling text)")
        connection.executemany("insert into numbers values (?, ?)", [(i, "x" * 3000) for i in range(20)])
    return connection


@pytest.fixture
def left_by_a_kill(tmp_path):
    """(journal) -> a database as it is in the middle of a transaction of 40 more numbers."""

    def leave(journal):
        with contextlib.closing(new_database(tmp_path / "alive.db", journal)) as connection:
            connection.executemany("insert into numbers values (?, ?)", [(i, "y" * 3000) for i in range(20, 60)])
            if journal == "wal":
                connection.commit()
            shutil.copy(tmp_path / "alive.db", tmp_path / "left.db")
            for end in readable_database.BESIDE:
                if (tmp_path / f"alive.db{end}").exists():
                    shutil.copy(tmp_path / f"alive.db{end}", tmp_path / f"left.db{end}")
            connection.rollback()
        return tmp_path / "left.db"

    return leave


@pytest.fixture
def not_writable(monkeypatch):
    """(folder): SQLite may open nothing there but what needs no file beside the database."""
    connect = readable_database._connect

    def refuse(folder):
        def opened(database, mode):
            beside = [end for end in readable_database.BESIDE if (folder / f"{database.name}{end}").exists()]
            if database.parent == folder and (mode == "rw" or beside):
                return connect(folder / "missing" / database.name, mode)  # as SQLite says it: unable to open
            return connect(database, mode)

        monkeypatch.setattr(readable_database, "_connect", opened)

    return refuse


@pytest.mark.parametrize("writable", [True, False])
@pytest.mark.parametrize(("journal", "n_found"), [("delete", 20), ("wal", 60)])
def test_what_a_killed_process_has_left_is_read_as_it_counts(
    journal, n_found, writable, left_by_a_kill, not_writable, tmp_path
):
    database = left_by_a_kill(journal)
    assert (tmp_path / f"left.db{'-wal' if journal == 'wal' else '-journal'}").stat().st_size > 0
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    if not writable:
        not_writable(tmp_path)
    assert values(database) == [(i,) for i in range(n_found)]
    if not writable:
        assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_copy_for_reading_is_removed(left_by_a_kill, not_writable, tmp_path, monkeypatch):
    database = left_by_a_kill("delete")
    not_writable(tmp_path)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(readable_database.tempfile, "tempdir", str(tmp_path / "tmp"))
    with reading(database) as connection:
        assert len(list((tmp_path / "tmp").iterdir())) == 1
        connection.execute("select * from numbers").fetchone()
    assert list((tmp_path / "tmp").iterdir()) == []


@contextlib.contextmanager
def refused(folder, **patched):
    """The score cache's file can be opened only as `patched` has it."""
    connect = sqlite3.connect

    def opened(place, **keys):
        return connect(place, **keys) if str(place) == ":memory:" else patched["connect"](connect, place)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(score_cache.sqlite3, "connect", opened)
        yield


REFUSALS = {
    "it cannot be made": lambda connect, place: connect(place.parent / "missing" / "scores.sqlite"),
    "it cannot be written": lambda connect, place: connect(f"{place.as_uri()}?mode=ro", uri=True),
}


@pytest.mark.parametrize("case", REFUSALS)
@pytest.mark.parametrize("version", [score_cache.VERSION, 1])
def test_scores_are_kept_in_memory_where_the_cache_cannot_be_written(case, version, tmp_path):
    with open_cache(tmp_path) as cache:
        cache.keep_scores("front", {"old": 1.0})
    file = tmp_path / "scores.sqlite"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute(f"pragma user_version = {version}")
    before = file.read_bytes()
    with refused(tmp_path, connect=REFUSALS[case]), open_cache(tmp_path) as cache:
        kept = case == "it cannot be written" and version == score_cache.VERSION
        assert cache.scores("front") == ({"old": 1.0} if kept else {})
        cache.keep_scores("front", {"new": 2.0})
        cache.keep_reference("union", {"objectives": []})
        cache.write()
        assert cache.scores("front") == {"new": 2.0}
    assert file.read_bytes() == before


FAMILIES = {
    "attempt to write a readonly database": "cannot be written here",
    "unable to open database file": "permissions",
    "disk I/O error": "check the disk",
    "database is locked": "another process",
    "database or disk is full": "free some space",
    "database disk image is malformed": "undamaged",
}


@pytest.mark.parametrize("raised_by", ["SQLite", "SQLAlchemy", "MLflow"])
@pytest.mark.parametrize("message", FAMILIES)
def test_an_error_of_the_database_is_one_sentence_with_what_to_do(message, raised_by, tmp_path):
    original = sqlite3.OperationalError(message)
    if raised_by == "SQLAlchemy":
        original = OperationalError("insert into runs values (?)", [("x" * 1000,)], original)
    if raised_by == "MLflow":
        original = MlflowException(f"({type(original).__qualname__}) {message}\n[SQL: insert\ninto runs]")
    with pytest.raises(fr.StoreError) as caught, explained(tmp_path):
        raise original
    text = str(caught.value)
    assert text.count("\n") == 0
    assert str(tmp_path) in text
    said = "its disk is full" if "full" in message else message
    assert f"cannot be used ({said}" in text
    assert FAMILIES[message] in text.partition(said)[2]
    assert ("free some space" in text) == ("full" in message)


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied", "x"), OSError(30, "Read-only file system")])
def test_an_error_of_the_system_is_told_by_its_own_reason(error, tmp_path):
    with pytest.raises(fr.StoreError, match=error.strerror) as caught, explained(tmp_path):
        raise error
    assert "space" not in str(caught.value)


def can_mount(folder):
    if not shutil.which("unshare"):
        return False
    return (
        subprocess.run(["unshare", "-m", "sh", "-c", MOUNT, "sh", folder, "true"], capture_output=True).returncode == 0
    )


def test_a_store_on_a_read_only_file_system_is_read_and_not_written(everything, tmp_path):
    folder = shutil.copytree(everything.store, tmp_path / "store")
    if not can_mount(folder):
        pytest.skip("mounting needs root and `unshare`")
    (folder / "scores.sqlite").unlink(missing_ok=True)

    def run(*words):
        start = ["unshare", "-m", "sh", "-c", MOUNT, "sh", folder, sys.executable, "-m", "frontrunner", *words]
        return subprocess.run([*start, "--store", folder], capture_output=True, text=True, cwd=tmp_path)

    read = run("leaderboard", "--format", "md")
    assert (read.returncode, read.stderr) == (0, "")
    assert "interpolation" in read.stdout
    refused = run("store", "repair")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "mounted read-only" in refused.stderr
