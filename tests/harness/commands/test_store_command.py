"""`frontrunner store` mends and restores, `frontrunner ui` mends first, and both say what they did."""

import os
import shutil
import socket
from pathlib import Path

import pytest
import typer

from frontrunner.harness.records.store import Store
from frontrunner.harness.records.store_reader import StoreReader


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def moved(store, record, make_cell, tmp_path):
    """A store with one result that was moved."""
    record(store, make_cell(), [[0.0, 1.0], [1.0, 0.0]])
    return Path(shutil.move(store.folder, tmp_path / "moved"))


@pytest.fixture
def served(monkeypatch):
    """The command that `ui` becomes, instead of becoming it."""
    started = []

    def become(program, command, environment):
        assert environment["PYTHONWARNINGS"] == "ignore"
        assert "PYTHONWARNINGS" not in os.environ  # else every process that a test starts later had it
        started.append(command)
        raise typer.Exit(0)

    monkeypatch.setattr(os, "execve", become)
    return started


def delete_experiment(folder):
    client = Store(folder, create=False).client
    client.delete_experiment(client.get_experiment_by_name("made-up").experiment_id)


def test_repair_says_what_it_changed_and_then_that_all_is_right(command, moved, tmp_path):
    first = command.within("store", "repair", "--store", moved)
    assert (first.status, first.err) == (0, "")
    assert first.out == (
        f"the addresses of 1 experiment and 2 runs named {tmp_path / 'store'}; they are those of {moved} now\n"
    )
    again = command.within("store", "repair", "--store", moved)
    assert again.out == f"every address of files in {moved} is right; nothing was changed\n"
    assert Store(moved, create=False).attempts()[0].intact() is not None


def test_a_command_that_writes_mends_first_and_says_so(command, moved, first_release, tmp_path):
    ended = command.within("run", "pretrained", "no-such-suite", "--store", moved)
    ended.assert_one_sentence("unknown suite")
    assert Store(moved, create=False).moved_from() == tmp_path / "store"  # nothing was to be written
    ended = command.within("leaderboard", "import", first_release.bundle, "--store", moved)
    assert ended.status == 0
    assert ended.err.count("\n") == 1
    assert ended.err.startswith(f"note: the store was in {tmp_path / 'store'} before; ")
    assert Store(moved, create=False).moved_from() is None


def test_a_deleted_experiment_is_named_and_restored(command, moved):
    delete_experiment(moved)
    ended = command.within("leaderboard", "--store", moved)
    assert ended.status == 0
    assert ended.err.count("\n") == 1
    assert "suite 'made-up' was deleted in MLflow" in ended.err
    assert "frontrunner store restore made-up" in ended.err
    assert "deleted in MLflow: made-up" in command.within("store", "repair", "--store", moved).out
    command.within("store", "restore", "made-upp", "--store", moved).assert_one_sentence("did you mean 'made-up'?")
    assert command.within("store", "restore", "made-up", "--store", moved).out == "restored: made-up\n"
    assert command.within("store", "restore", "--store", moved).out == "no experiment of a suite was deleted\n"
    assert command.within("leaderboard", "--store", moved).err == ""


def test_ui_mends_a_moved_store_and_says_so(command, moved, served, tmp_path):
    ended = command.within("ui", "--store", moved, "--port", free_port())
    assert ended.status == 0
    assert ended.err.count("\n") == 1
    assert ended.err.startswith(f"note: the store was in {tmp_path / 'store'} before")
    assert "made-up\n" in ended.out
    assert Store(moved, create=False).moved_from() is None
    assert served[0][served[0].index("--host") + 1] == "127.0.0.1"


def test_ui_says_what_it_cannot_show_of_a_store_that_cannot_be_written(command, moved, served, tmp_path, monkeypatch):
    monkeypatch.setattr(StoreReader, "writable", property(lambda _: False))
    before = (moved / "mlflow.db").read_bytes()
    ended = command.within("ui", "--store", moved, "--port", free_port())
    assert ended.status == 0
    assert ended.err.count("\n") == 1
    assert f"looks for its files in {tmp_path / 'store'}" in ended.err
    assert "made-up\n" in ended.out
    assert (moved / "mlflow.db").read_bytes() == before
    assert len(served) == 1


@pytest.mark.parametrize(
    ("host", "shown", "open_to_others"),
    [
        ("127.0.0.1", "http://127.0.0.1:", False),
        ("localhost", "http://localhost:", False),
        ("127.0.0.7", "http://127.0.0.7:", False),
        ("0.0.0.0", "http://127.0.0.1:", True),
    ],
)
def test_ui_says_when_other_machines_can_reach_it(host, shown, open_to_others, command, moved, served):
    port = free_port()
    ended = command.within("ui", "--store", moved, "--host", host, "--port", port)
    assert ended.status == 0
    assert ended.err.count("note: who can reach") == int(open_to_others)
    assert ("can read, change and delete" in ended.err) == open_to_others
    assert ended.out.splitlines()[0] == f"MLflow  {shown}{port}/"
    command_line = served[0]
    assert command_line[command_line.index("--host") + 1] == host
    assert command_line[command_line.index("--port") + 1] == str(port)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "256.1.1.1", "a b", "x" * 300])
def test_a_host_that_is_none_of_this_machine_is_one_sentence(host, command, moved, served):
    command.within("ui", "--store", moved, "--host", host, "--port", free_port()).assert_one_sentence("--host")
    assert served == []
