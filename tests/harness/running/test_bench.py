import json
from pathlib import Path

import pytest

from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.board.yardstick import NEIGHBOUR
from frontrunner.harness.commands import console
from frontrunner.harness.records.store import Store
from frontrunner.harness.reports.report import write_report

FINISHED = [
    "pretrained",
    "experts",
    "weight-averaging",
    "task-arithmetic",
    "interpolation",
    "pwe-moe-ls",
    "misbehaving (how=print)",
]
UNFINISHED = {
    "misbehaving": ("failed", "RuntimeError: this learner always [fails]"),
    "misbehaving (how=out-of-memory)": ("out of memory", "OutOfMemoryError: no room for a tensor"),
    "misbehaving (how=die)": ("killed", "its process was ended by signal 9 (out of memory?)"),
    "misbehaving (how=nan)": ("failed", "the loss on task 'task0' is nan"),
}


@pytest.fixture(scope="module")
def attempts(everything):
    return {attempt.cell.label: attempt for attempt in Store(everything.store, create=False).attempts()}


def test_a_bench_with_unfinished_cells_exits_with_1_and_one_sentence(everything):
    ended = everything.ended
    assert ended.status == 1
    (sentence,) = ended.err.splitlines()
    assert sentence.startswith("error: 4 of 11 cells did not finish")
    log = sentence.partition("; its output is in ")[2].partition("); the same")[0]
    assert "Traceback" in Path(log).read_text()


def test_every_learner_is_recorded_once_and_the_rest_finishes(attempts, everything):
    assert sorted(attempts) == sorted([*FINISHED, *UNFINISHED])
    assert len(Store(everything.store, create=False).attempts()) == len(attempts)
    assert [label for label in FINISHED if attempts[label].status != "finished"] == []


@pytest.mark.parametrize("label", UNFINISHED)
def test_an_unfinished_cell_has_a_status_and_a_reason(label, attempts, everything):
    status, reason = UNFINISHED[label]
    assert attempts[label].status == status
    assert attempts[label].reason.startswith(reason)
    assert f"{label}, seed 0: {status}: {reason}" in " ".join(everything.ended.out.split())


@pytest.mark.parametrize("label", UNFINISHED)
def test_an_unfinished_cell_is_never_scored(label, attempts):
    assert not attempts[label].metrics
    assert not (attempts[label].folder / "front.parquet").exists()


def test_the_log_of_a_failed_cell_holds_its_traceback(attempts):
    log = (attempts["misbehaving"].folder / "worker.log").read_text()
    assert "Traceback" in log
    assert "this learner always [fails]" in log


def test_what_a_learner_prints_goes_to_its_log(attempts, everything):
    line = "this line goes to the log"
    assert line in (attempts["misbehaving (how=print)"].folder / "worker.log").read_text()
    assert line not in everything.ended.out + everything.ended.err


def test_a_bench_writes_to_its_store_only(everything, command):
    assert list(command.folder.iterdir()) == []
    assert list((everything.store / "unrecorded").iterdir()) == []


def test_the_next_command_it_prints_works(everything, command):
    (line,) = (line for line in everything.ended.out.splitlines() if " front " in line and line.startswith("  "))
    words = line.split()
    ended = command.within(*words[words.index("front") :][:4])
    assert ended.status == 0
    assert "hypervolume" in ended.out


@pytest.mark.parametrize(
    ("found", "started", "said"),
    [
        ("/usr/bin/frontrunner", "/usr/bin/frontrunner", "frontrunner"),
        (None, "/here/.venv/bin/frontrunner", ".venv/bin/frontrunner"),
        (None, "/there/frontrunner/__main__.py", "python -m frontrunner"),
    ],
)
def test_commands_are_proposed_as_this_one_was_started(found, started, said, monkeypatch):
    monkeypatch.setattr(console.shutil, "which", lambda name: found)
    monkeypatch.setattr(console.sys, "argv", [started])
    monkeypatch.setattr(console.os, "getcwd", lambda: "/here")
    assert console.program() == said


def test_front_shows_every_member_and_draws_it(attempts, everything, command, tmp_path):
    run = attempts["task-arithmetic"].run_id
    for suffix in (".png", ".html"):
        ended = command.within("front", run, "--store", everything.store, "-o", tmp_path / f"front{suffix}")
        assert ended.status == 0
        assert ended.out.count("lambda = ") == 11
        assert (tmp_path / f"front{suffix}").stat().st_size > 1000


def test_plots_are_artifacts_of_runs_and_of_the_bench(attempts, everything):
    assert (attempts["pwe-moe-ls"].folder / "front.png").stat().st_size > 1000
    bench = [folder.parent for folder in everything.store.rglob("bench.json")]
    assert len(bench) == 1
    drawn = {file.suffix for file in bench[0].glob("fronts-*")}
    assert drawn == {".png", ".html"}


def test_the_bench_run_keeps_what_was_asked_for(everything):
    (asked,) = everything.store.rglob("bench.json")
    assert json.loads(asked.read_text())["learners"][0]["method"] == "pretrained"
    assert len(json.loads(asked.with_name("cells.json").read_text())["cells"]) == 11


def test_the_leaderboard_goes_to_a_file_too(everything, tmp_path):
    store = Store(everything.store, create=False)
    boards = leaderboards(store)
    for ending in ("md", "csv", "json", "html"):
        write_report(tmp_path / f"board.{ending}", boards, None, store, title="mine", made_by="frontrunner x")
    text = (tmp_path / "board.md").read_text()
    assert text.startswith("# mine\n\nMade by `frontrunner x`.\n\n### tiny")
    assert "| interpolation" in text
    (rows,) = (board["rows"] for board in json.loads((tmp_path / "board.json").read_text()))
    assert {row["method"] for row in rows} >= {"pretrained", "misbehaving"}
    assert "interpolation" in (tmp_path / "board.html").read_text()
    _, *lines = (tmp_path / "board.csv").read_text().splitlines()
    assert len(lines) == len(rows) + 1
    assert NEIGHBOUR in lines[-1]  # the yardstick, which is no learner


@pytest.mark.parametrize(
    ("name", "expected"), [("board.txt", ".md, .csv, .json, .tex or .html file"), ("no/board.md", "does not exist")]
)
def test_a_file_that_cannot_be_written_is_refused_before_anything_runs(name, expected, command, tmp_path):
    ended = command.within(*command.bench(tmp_path, ["pretrained"]), "-o", tmp_path / name)
    assert ended.status == 1
    assert expected in ended.err
    assert not (tmp_path / "store").exists()
