"""A database that another process has locked is waited for, with one word about it and up to a limit."""

import sqlite3
import threading
import time
from contextlib import closing

import pytest

import frontrunner as fr
from frontrunner.harness.records.database_lock import Patience, Patient, is_locked


@pytest.fixture
def database(tmp_path):
    file = tmp_path / "some.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("create table written (n)")
    return file


@pytest.fixture
def locked(database):
    """The connection that has locked the database; to roll back frees it."""
    with closing(sqlite3.connect(database, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("begin exclusive")
        yield connection


def write(database):
    with closing(sqlite3.connect(database, timeout=0.01, isolation_level=None)) as connection:
        connection.execute("insert into written values (1)")
        return connection.execute("select count(*) from written").fetchone()[0]


def test_a_call_goes_on_once_the_database_is_free(database, locked):
    said = []

    def say(sentence):
        said.append(sentence)
        threading.Timer(0.2, locked.rollback).start()

    patience = Patience("the database of a test", limit_s=60, say=say)
    assert patience.call(write, database) == 1
    assert said == ["another process has locked the database of a test; waiting for up to 60 seconds"]
    assert patience.call(write, database) == 2
    assert len(said) == 1


def test_the_limit_is_stated_in_the_error(database, locked):
    said = []
    with pytest.raises(fr.StoreError, match=r"has locked the database for 0.05 seconds; end that process"):
        Patience("the database", limit_s=0.05, say=said.append).call(write, database)
    assert len(said) == 1


def test_a_stop_ends_the_wait_of_its_thread_only(database, locked):
    stop, waits = threading.Event(), []
    patience = Patience("the database", limit_s=60, say=lambda _: stop.set())
    with pytest.raises(sqlite3.OperationalError), patience.ending_with(stop):
        patience.call(write, database)
    with pytest.raises(fr.StoreError, match="another process has locked the database"), patience.lost():
        patience.call(pytest.fail, "it was locked a moment ago")
    freeing = Patience("the database", limit_s=60, say=lambda _: (waits.append(1), locked.rollback()))
    with freeing.ending_with(threading.Event()):
        assert freeing.call(write, database) == 1
    assert waits == [1]


def test_threads_that_wait_at_once_say_so_once(database, locked):
    said, found = [], []
    patience = Patience("the database", limit_s=60, say=said.append)
    threads = [threading.Thread(target=lambda: found.append(patience.call(write, database))) for _ in range(3)]
    for thread in threads:
        thread.start()
    while patience._waiting < 3:
        time.sleep(0.01)
    locked.rollback()
    for thread in threads:
        thread.join()
    assert max(found) == 3
    assert len(said) == 1


def test_other_errors_are_raised_at_once_and_public_methods_are_patient(database, locked):
    class Client:
        number = 3

        def write(self):
            return write(database)

        def _write(self):
            return write(database)

    client = Patient(Client(), Patience("the database", limit_s=60, say=lambda _: locked.rollback()))
    with pytest.raises(sqlite3.OperationalError):
        client._write()
    assert client.write() == 1
    assert client.number == 3
    with pytest.raises(ZeroDivisionError):
        Patience("the database").call(lambda: 1 / 0)


def test_an_error_that_came_of_a_lock_is_known_as_one():
    locked = sqlite3.OperationalError("database is locked")
    wrapped = fr.StoreError("the store cannot be read")
    wrapped.__cause__ = locked
    assert is_locked(wrapped)
    assert not is_locked(sqlite3.OperationalError("no such table: runs"))


def test_a_store_is_read_and_written_once_it_is_free(store, record, make_cell):
    run_id = record(store, make_cell(), [[0.1, 0.2]])
    calls = []

    def failing_once(call):
        def instead(*arguments, **keys):
            calls.append(call)
            if len(calls) % 2:
                raise sqlite3.OperationalError("database is locked")
            return call(*arguments, **keys)

        return instead

    said = []
    store.patience.say = said.append
    wrapped = store.client._wrapped
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wrapped, "log_batch", failing_once(wrapped.log_batch))
        store.log(run_id, metrics={"later": 1.0})
    assert store.find(run_id).metrics["later"] == 1.0
    assert len(calls) == 2
    assert len(said) == 1
