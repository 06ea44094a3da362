"""The commands on a server's store; what a server refuses, and what cannot be done there, is one sentence."""

import http.server
import json
import threading

import pytest

import frontrunner as fr
from frontrunner.harness.cells.cell import Cell
from frontrunner.harness.commands import status as status_command
from frontrunner.harness.records import server_away, server_reader
from frontrunner.harness.records.parent_progress import last_parents
from frontrunner.harness.records.server_address import ServerAddress
from frontrunner.harness.records.status import Ending, Status
from frontrunner.harness.running.progress_file import ProgressFile


@pytest.fixture
def shown(machine, make_cell, record, server, tmp_path, monkeypatch):
    """A server with the results of two seeds and a failure; commands have a work folder of their own."""
    store = machine("one")
    runs = [record(store, make_cell("one", seed), [[0.1, 0.6], [0.3, 0.3]], fit_time_s=1.0) for seed in (0, 1)]
    runs.append(record(store, make_cell("two"), [], status="failed", reason="it broke"))
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "commands"))
    return runs


def test_boards_fronts_and_results_are_read(shown, command, server):
    board = command.within("leaderboard", "--store", server.url, "--format", "json")
    assert (board.status, board.err) == (0, "")
    rows = json.loads(board.out)[0]["rows"]
    assert [(row["label"], row["seeds"], row["unfinished"]) for row in rows] == [
        ("one", [0, 1], {}),
        ("two", [], {"0": "failed: it broke"}),
    ]
    front = command.within("front", shown[0][:8], "--store", server.url)
    assert (front.status, "0.3" in front.out) == (0, True)
    assert set(shown[:2]) <= set(fr.results(store=server.url)["run_id"])


def test_cells_are_forgotten_and_remembered(shown, command, server, machine):
    gone = command.within("forget", shown[2][:8], "--yes", "--store", server.url)
    assert gone.status == 0
    assert len(machine("two").attempts()) == 2
    assert list(machine("two").forgotten()) == [shown[2]]
    command.within("front", shown[2][:8], "--store", server.url).assert_one_sentence("was deleted in MLflow")
    assert command.within("forget", "--undo", shown[2][:8], "--store", server.url).status == 0
    assert len(machine("two").attempts()) == 3


def test_ui_shows_the_addresses_of_the_server(shown, command, server):
    told = command.within("ui", "--store", server.url)
    assert told.status == 0
    assert told.out.startswith(f"MLflow  {server.url}/\n")
    assert f"{server.url}/#/experiments/1/runs?" in told.out


def test_status_shows_what_is_recorded_there(shown, command, server):
    told = command.within("status", "--store", server.url)
    assert (told.status, told.err) == (0, "")
    assert "made up" in told.out


def test_status_counts_the_cells_that_a_bench_lists_and_shows_all_suites_of_the_last(machine, make_cell, record):
    store, cells = machine("one"), [make_cell("a", suite="s"), make_cell("a", suite="t"), make_cell("b", suite="s")]
    parents = {}
    for name, suites in (("before", "s"), ("last", "st")):
        for suite in suites:
            listed = {"keys": [cell.key for cell in cells if cell.suite == suite]}
            parents[name, suite] = store.parent_run("bench", suite, name, name, {"cells.json": listed})
    for name, cell in zip(("before", "last", "last"), cells, strict=True):
        store.settled(cell)
        store.end(store.begin(cell, parents[name, cell.suite]), Ending(Status.FAILED, "it broke"))
    found = last_parents(machine("two"), 1)  # has brought nothing
    assert sorted((one.name, one.suite, one.n_cells) for one in found) == [("last", "s", 2), ("last", "t", 1)]
    assert len(last_parents(machine("two"), 2)) == 3


def test_status_counts_the_cells_of_a_list_that_has_no_keys(machine, make_cell, command, server):
    store, cells = machine("one"), [make_cell("a"), make_cell("b")]
    listed = {"cells": [cell.to_json() for cell in cells]}  # as version 0.1.0 wrote it
    parent = store.parent_run("bench", cells[0].suite, "old", "old", {"cells.json": listed})
    store.settled(cells[0])
    store.end(store.begin(cells[0], parent), Ending(Status.FAILED, "it broke"))
    told = command.within("status", "--store", server.url)
    assert f"bench old on {cells[0].suite}: 0 of 2 cells finished (1 failed, 1 not run yet)" in told.out


def test_status_tells_what_runs_here_while_the_server_is_away(shown, command, server, monkeypatch):
    folder = ServerAddress.parse(server.url).folder
    folder.mkdir(parents=True)
    monkeypatch.setattr(status_command, "LONGEST_WAIT_S", 0.1)
    with ProgressFile(folder, command="bench", name="mine", n_cells=1):
        server.go_away()
        told = command.within("status", "--store", server.url, "--format", "json")
    assert told.status == 0
    assert "does not answer" in told.err
    found = json.loads(told.out)
    assert ([one["name"] for one in found["commands"]], found["recorded"]) == (["mine"], [])


def test_rebuild_is_of_folders(shown, command, server):
    command.within("store", "rebuild", "--store", server.url).assert_one_sentence(server.url, "the folder of a store")


def test_an_experiment_that_was_deleted_is_named_and_restored(shown, command, server, machine):
    store = machine("one")
    store.client.delete_experiment(store.experiments_recorded()[0].experiment_id)
    assert "frontrunner store restore made-up" in command.within("leaderboard", "--store", server.url).err
    assert command.within("store", "restore", "--store", server.url).out == "restored: made-up\n"
    assert len(store.attempts()) == 3


def test_repair_is_of_folders(shown, command, server):
    command.within("store", "repair", "--store", server.url).assert_one_sentence(server.url, "a folder")


def test_more_runs_than_a_page_are_all_read(shown, machine, make_cell, record, monkeypatch):
    store = machine("one")
    record(store, make_cell("one", suite="other"), [[0.2, 0.2]])
    expected = [one.run_id for one in store.attempts()]
    monkeypatch.setattr(server_reader, "PAGE", 2)
    monkeypatch.setattr(server_reader, "AT_ONCE", 1)
    assert [one.run_id for one in machine("two").attempts()] == expected
    assert len(expected) == 4


def test_a_cell_that_is_longer_than_a_tag_comes_back_whole(machine, record):
    options = {"text": "x" * 19_000}
    cell = Cell("long", "1", options, "made-up", "1", ("a", "b"), 0, 3, "long")
    record(machine("one"), cell, [[0.2, 0.2]])
    (found,) = machine("two").attempts()
    assert (found.cell, found.cell.options, found.status) == (cell, options, "finished")
    assert max(len(value) for value in found.tags.values()) <= 5000


def test_a_server_that_does_not_answer_is_one_sentence(command, server):
    server.go_away()
    for words in (["leaderboard"], ["front", "abc"], ["store", "restore"]):
        ended = command.within(*words, "--store", server.url)
        assert ended.err.splitlines()[-1].startswith("error: the MLflow server")
        assert "Connection refused" in ended.err
        assert "Traceback" not in ended.err


@pytest.fixture
def answering():
    """(status, text) -> the address of a server that always answers so, and the headers that it was sent."""
    servers = []

    def start(status, text):
        sent = []

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                sent.append(dict(self.headers))
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self):
                self.do_POST()

            def log_message(self, *_):
                pass

        found = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        servers.append(found)
        threading.Thread(target=found.serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{found.server_port}", sent

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("status", [401, 403])
def test_a_user_that_is_not_known_is_told_how_to_say_who_it_is(status, answering, command, monkeypatch, tmp_path):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "somebody")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "very-secret")
    url, sent = answering(status, b"no")
    ended = command.within("leaderboard", "--store", url)
    ended.assert_one_sentence(f"status {status}", "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD")
    assert sent[0]["Authorization"].startswith("Basic ")
    assert "very-secret" not in ended.out + ended.err
    assert all("very-secret" not in file.read_text() for file in tmp_path.rglob("*") if file.is_file())


@pytest.mark.parametrize(
    ("status", "text", "part"), [(404, b"<html>not here</html>", "cannot be used"), (503, b"", "does not answer")]
)
def test_what_is_no_mlflow_server_is_one_sentence(status, text, part, answering, command, monkeypatch, tmp_path):
    monkeypatch.setattr(server_away, "LIMIT_S", 0.1)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path))
    url, _ = answering(status, text)
    ended = command.within("leaderboard", "--store", url)
    assert ended.status == 1
    assert part in ended.err.splitlines()[-1]
    assert "Traceback" not in ended.err


def test_a_server_that_keeps_files_to_itself_is_refused(server, machine, make_cell, record, monkeypatch, tmp_path):
    monkeypatch.setenv("_MLFLOW_SERVER_ARTIFACT_ROOT", str(tmp_path / "files"))
    from mlflow.server import handlers

    handlers._tracking_store = None
    with pytest.raises(fr.StoreError, match="--serve-artifacts"):
        record(machine("one"), make_cell(), [[0.2, 0.2]])
    assert not (tmp_path / "files").exists()
