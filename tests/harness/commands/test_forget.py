"""What was mistyped or failed can be left out of the leaderboard, or forgotten, and a forgotten run restored."""

import io
import json

import pytest

from frontrunner.harness.records.store import Store

FRONT = [[0.1, 0.6], [0.3, 0.3]]
OTHERS = [("fine", 0, "finished"), ("half", 0, "finished"), ("half", 1, "failed"), ("odd", 0, "unsupported")]
FAILED = [("bad", 0, "failed"), ("bad", 1, "out of memory"), ("gone", 0, "killed")]


@pytest.fixture
def runs(store, make_cell, record):
    """Run ids by label and seed."""
    found = {}
    for label, seed, status in OTHERS + FAILED:
        front = FRONT if status == "finished" else None
        cell = make_cell(label, seed)
        found[label, seed] = record(store, cell, front, status=status, reason="" if front else f"{label} was mistyped")
    return found


def labels(command, store, *options):
    ended = command.within("leaderboard", "--format", "json", "--store", store.folder, *options)
    assert ended.status == 0
    return {row["label"] for board in json.loads(ended.out) for row in board["rows"]}, ended.err


def test_rows_of_which_every_seed_failed_are_hidden_and_named(command, store, runs):
    assert labels(command, store) == ({"fine", "half", "odd", "bad", "gone"}, "")
    shown, said = labels(command, store, "--hide-failed")
    assert shown == {"fine", "half", "odd"}
    assert said == "note: left out, since every seed failed: bad, gone\n"


def test_a_failed_row_shows_the_run_to_forget(command, store, runs):
    ended = command.within("leaderboard", "--store", store.folder)
    line = next(line for line in ended.out.splitlines() if " gone [killed]" in line)
    assert runs["gone", 0][:8] in line


@pytest.mark.parametrize("chosen", [[("bad", 0), ("bad", 1)], [("fine", 0)], [("gone", 0)], [("odd", 0)]], ids=str)
def test_a_forgotten_cell_has_no_row_until_it_is_restored(chosen, command, store, runs):
    before = labels(command, store)[0]
    ids = [runs[one] for one in chosen]
    ended = command.within("forget", *(run[:10] for run in ids), "--yes", "--store", store.folder)
    assert (ended.status, ended.err) == (0, "")
    assert labels(command, store)[0] == before - {chosen[0][0]}
    assert {attempt.run_id for attempt in store.attempts()} == set(runs.values()) - set(ids)
    undo = ended.out.splitlines()[-1].split("forget")[1].split()
    restored = command.within("forget", *undo)
    assert restored.out == f"restored: {', '.join(run[:8] for run in ids)}\n"
    assert labels(command, store)[0] == before


def test_a_bench_that_lists_a_forgotten_cell_shows_it_once_it_has_run_again(command, in_process, tmp_path):
    learners = ["pretrained", {"method": "misbehaving", "options": {"how": "raise"}}]
    bench = command.bench(tmp_path, learners)
    command.within(*bench)
    store = Store(tmp_path / "store", create=False)
    failed = next(attempt for attempt in store.attempts() if attempt.status == "failed")
    command.within("forget", failed.run_id, "--yes", "--store", store.folder)
    assert labels(command, store)[0] == {"pretrained"}
    command.within(*bench)
    assert len(labels(command, store)[0]) == 2


def test_all_attempts_at_a_cell_are_forgotten_with_one_of_them(command, store, runs, make_cell, record):
    again = record(store, make_cell("gone"), FRONT)
    ended = command.within("forget", again, "--yes", "--store", store.folder)
    assert "gone on made-up, seed 0: 2 runs (killed, finished)" in ended.out
    assert "gone" not in labels(command, store)[0]
    command.within("forget", "--undo", runs["gone", 0], "--store", store.folder)
    assert len(store.attempts(make_cell("gone"))) == 2


def test_a_run_whose_process_is_gone_is_forgotten_and_a_running_one_is_not(command, store, make_cell):
    parent = store.parent_run("bench", "made-up", "made up", "digest", {"cells.json": {"cells": []}})
    run = store.begin(make_cell("live"), parent)
    with store.lock(make_cell("live")):
        ended = command.within("forget", run, "--yes", "--store", store.folder)
    ended.assert_one_sentence("live on made-up, seed 0 is running at this moment, so nothing was forgotten")
    assert len(store.attempts()) == 1
    assert command.within("forget", run, "--yes", "--store", store.folder).status == 0
    assert store.attempts() == []


@pytest.mark.parametrize("answer", ["n", "", "y"])
def test_it_asks_on_a_terminal(answer, command, store, runs, monkeypatch):
    typed = io.StringIO(f"{answer}\n")
    typed.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", typed)
    ended = command.within("forget", runs["bad", 0], "--store", store.folder)
    assert "bad on made-up, seed 0: 1 run (failed)" in ended.out
    assert ("Nothing was forgotten." in ended.out) == (answer != "y")
    assert len(store.attempts()) == len(runs) - (answer == "y")


def test_without_a_terminal_it_forgets_nothing_unasked(command, store, runs, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    command.within("forget", runs["bad", 0], "--store", store.folder).assert_one_sentence("give --yes")
    assert len(store.attempts()) == len(runs)


@pytest.mark.parametrize("words", [["zzz"], ["zzz", "--undo"], [""], ["", "--undo"]])
def test_an_unknown_run_is_one_sentence(words, command, store, runs):
    ended = command.within("forget", *words, "--yes", "--store", store.folder)
    ended.assert_one_sentence("unknown forgotten run" if "--undo" in words else "unknown run")


def test_a_run_without_a_front_says_why(command, store, runs):
    ended = command.within("front", runs["bad", 0], "--store", store.folder)
    ended.assert_one_sentence("has no front, since it is failed: bad was mistyped")
