"""`fr.run` and `fr.bench` do in a script or a notebook what the command line does."""

import io
import json
import subprocess
import sys
from concurrent.futures import Future
from multiprocessing import spawn

import pandas as pd
import pytest
import yaml

import frontrunner as fr
from frontrunner.harness.commands.console import open_console
from frontrunner.harness.records.store import Store
from frontrunner.harness.reports.drawing import DrawingProcess
from frontrunner.harness.running.main_hidden import main_hidden

BENCH = {"name": "mine", "suites": ["tiny"], "learners": ["pretrained", "experts"], "seeds": [0, 1]}


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    """They take longer than all else here, and have tests of their own."""
    drawn = Future()
    drawn.set_result(None)
    monkeypatch.setattr(DrawingProcess, "submit", lambda *_: drawn)


def recorded(store):
    return [(one.run_id, one.cell.key, one.cell.label) for one in Store(store, create=False).attempts()]


def test_a_run_is_the_cell_of_the_command_line_and_is_not_repeated(command, in_process, tmp_path, capsys):
    words = ["pwe-moe-ls", "tiny", "--tasks", "task0,task1", "--seed", "3", "--set", "steps=2"]
    assert command.within("run", *words, "--store", tmp_path).status == 0
    before = recorded(tmp_path)
    options = {"steps": 2}
    board = fr.run("pwe-moe-ls", "tiny", tasks=["task0", "task1"], seed=3, options=options, store=tmp_path)
    assert recorded(tmp_path) == before
    assert board["runs"].tolist() == [before[0][0]]
    assert "finished before" in capsys.readouterr().out
    parents = {tuple(sorted(run.tags.items())) for run in Store(tmp_path, create=False).runs("kind", "bench")}
    assert len(parents) == 1


@pytest.mark.parametrize("form", ["a mapping", "a path", "a text"])
def test_a_bench_is_that_of_the_file(form, command, in_process, tmp_path):
    file = tmp_path / "bench.yaml"
    file.write_text(yaml.safe_dump(BENCH))
    store = tmp_path / "store"
    board = fr.bench({"a mapping": BENCH, "a path": file, "a text": str(file)}[form], store=store)
    before = recorded(store)
    assert len(before) == 4
    assert command.within("bench", file, "--store", store).status == 0
    assert recorded(store) == before
    printed = command.within("leaderboard", "--format", "csv", "--store", store).out
    assert list(board.columns) == printed.splitlines()[0].split(",")
    told = json.loads(command.within("leaderboard", "--format", "json", "--store", store).out)[0]["rows"]
    assert board["learner"].tolist() == [row["label"] for row in told]
    assert board["hypervolume"].tolist() == [row["metrics"]["hypervolume"] for row in told]
    assert board["seeds"].tolist() == ["0 1"] * 2
    assert board["rank"].tolist() == [1, 2]


def test_columns_have_types_and_what_was_not_measured_is_missing(in_process, tmp_path):
    learners = [{"method": "pretrained", "label": "1"}, {"method": "misbehaving", "label": "NA"}]
    board = fr.bench({**BENCH, "learners": learners, "seeds": [0]}, store=tmp_path)
    assert board["learner"].tolist() == ["1", "NA"]
    assert pd.api.types.is_float_dtype(board["hypervolume"])
    assert pd.isna(board["hypervolume"][1])
    assert pd.isna(board["fit_peak_gpu_allocated_bytes"]).all()
    assert board["unfinished"][1].startswith("seed 0 failed: RuntimeError: this learner always [fails]")
    assert pd.isna(board["unfinished"][0])
    assert board["tied_with_best"].dtype == bool


def test_only_the_boards_that_were_asked_for_are_returned(in_process, tmp_path):
    fr.run("pretrained", "tiny", tasks=["task0", "task1"], store=tmp_path)
    board = fr.run("experts", "tiny", store=tmp_path)
    assert board["learner"].tolist() == ["experts"]
    assert set(fr.run("pretrained", "tiny", store=tmp_path)["learner"]) == {"experts", "pretrained"}


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda store: fr.run("pretrainde", "tiny", store=store), fr.UnknownNameError, "did you mean 'pretrained'"),
        (lambda store: fr.run("", "tiny", store=store), fr.ConfigError, "name of a method is expected, found none"),
        (lambda store: fr.run(7, "tiny", store=store), fr.ConfigError, "name of a method is expected, found 7"),
        (lambda store: fr.run("ls", "tiny", options={"step": 1}, store=store), fr.UnknownNameError, "'steps'"),
        (lambda store: fr.run("ls", "tiny", seed=-1, store=store), fr.ConfigError, "seed must be 0 or more"),
        (lambda store: fr.run("ls", "tiny", plugins=["no.py"], store=store), fr.ConfigError, "is not a Python file"),
        (lambda store: fr.bench({**BENCH, "seed": [0]}, store=store), fr.ConfigError, "did you mean 'seeds'"),
        (lambda store: fr.bench({**BENCH, "seed": 0, "suites": ["no"]}, store=store), fr.ConfigError, "2 mistakes"),
        (lambda store: fr.bench("no.yaml", store=store), fr.ConfigError, "no.yaml"),
        (lambda store: fr.bench(7, store=store), fr.ConfigError, "found 7"),
    ],
)
def test_a_mistake_is_one_sentence_and_makes_no_store(call, error, said, tmp_path):
    with pytest.raises(error, match=said) as caught:
        call(tmp_path / "store")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "store").exists()


def test_a_run_that_fails_raises_what_the_command_says(in_process, tmp_path):
    with pytest.raises(fr.CellError, match=r"this learner always \[fails\]"):
        fr.run("misbehaving", "tiny", store=tmp_path)


def test_progress_is_lines_where_there_is_no_terminal(in_process, tmp_path, capsys):
    fr.run("pwe-moe-ls", "tiny", options={"steps": 2}, store=tmp_path)
    out = capsys.readouterr().out
    assert "pwe-moe-ls (steps=2) · tiny · seed 0: fit" in out
    assert "\x1b" not in out


def test_a_notebook_s_console_writes_plain_lines(monkeypatch):
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    open_console().print("a line")
    assert out.getvalue() == "a line\n"


def test_processes_are_not_told_of_the_script(monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "script.py", raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None, raising=False)
    assert "init_main_from_path" in spawn.get_preparation_data("worker")
    with main_hidden():
        assert {name for name in spawn.get_preparation_data("worker") if "init_main" in name} == set()
    assert "init_main_from_path" in spawn.get_preparation_data("worker")


@pytest.mark.slow
def test_a_script_without_a_guard_runs_once(command, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import frontrunner as fr\nprint('started')\n"
        "board = fr.bench({'name': 'x', 'suites': ['convex-toy'], 'learners': ['pretrained', 'experts']}, store='s')\n"
        "print(len(board), 'rows')\n"
    )
    ended = subprocess.run(
        [sys.executable, script], cwd=tmp_path, env=command.environment, capture_output=True, text=True, timeout=280
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.count("started\n") == 1
    assert ended.stdout.endswith("2 rows\n")
    assert len(recorded(tmp_path / "s")) == 2
    assert list((tmp_path / "s" / "artifacts").rglob("front.png"))
