"""`fr.run` and `fr.bench` do in a script or a notebook what the command line does."""

import io
import json
import subprocess
import sys
from concurrent.futures import Future
from multiprocessing import spawn
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
import yaml

import frontrunner as fr
from frontrunner.harness.commands import shown_progress
from frontrunner.harness.commands.console import open_console
from frontrunner.harness.records.store import Store
from frontrunner.harness.reports.drawing import DrawingProcess
from frontrunner.harness.running.main_hidden import main_hidden

BENCH = {"name": "mine", "suites": ["tiny"], "learners": ["pretrained", "experts"], "seeds": [0, 1]}
GRID = ["points_per_edge", "inner_points_per_edge"]


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


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["--points-per-edge", "2"], {"points_per_edge": 2}),
        (["--points-per-edge", "2", "--inner-points-per-edge", "2"], dict.fromkeys(GRID, np.int64(2))),
        (["--inner-points-per-edge", "0"], {"inner_points_per_edge": 0}),
        ([], dict.fromkeys([*GRID, "weights"])),
    ],
)
def test_a_script_adds_a_row_to_the_board_of_a_command_with_the_same_grid(
    words, options, command, in_process, tmp_path
):
    assert command.within("run", "pretrained", "tiny", *words, "--store", tmp_path).status == 0
    board = fr.run("experts", "tiny", store=tmp_path, **options)
    assert set(board["learner"]) == {"experts", "pretrained"}
    keys = {cell: key for _, key, cell in recorded(tmp_path)}
    assert command.within("run", "experts", "tiny", *words, "--store", tmp_path).status == 0
    assert {cell: key for _, key, cell in recorded(tmp_path)} == keys
    assert len(recorded(tmp_path)) == 2


def test_a_settled_run_is_run_again_where_a_script_asks_for_it(in_process, tmp_path):
    for again in (False, False, True):
        fr.run("pretrained", "tiny", store=tmp_path, again=again)
    assert len(recorded(tmp_path)) == 2


@pytest.mark.parametrize("name", ["sead", "name", "file", "point_per_edge"])
def test_an_option_that_a_run_does_not_have_is_refused(name, tmp_path):
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{name}'"):
        fr.run("pretrained", "tiny", store=tmp_path / "store", **{name: "tiny"})
    assert not (tmp_path / "store").exists()


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
    assert board["rank"].isna().all()  # two seeds rank nothing


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
    texts = [name for name in board if isinstance(board[name].dtype, pd.StringDtype)]
    assert {"learner", "method", "unfinished", "warnings", "runs"} <= set(texts)
    assert not board["warnings"].str.contains("dead").any()


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


class Elsewhere:
    """A path that is made of bytes."""

    def __fspath__(self):
        return b"bytes"


OF_A_RUN = {
    "seed": (["a", "1", True, False, 1.5, None, [1], -1, 2**63, float("nan")], "a seed (is a whole number|must be)"),
    "options": ([[1], "steps=2", 7, [("steps", 2)], {1: 2}, True], "options map names to values"),
    "tasks": (["task0", b"task0", 3, {"task0": 1}, {"task0"}, True, Path("task0")], "tasks is a list of names"),
    "points_per_edge": ([True, "5", 5.0, [5], float("nan")], "points_per_edge: a whole number is expected, found"),
    "inner_points_per_edge": ([False, "5", 5.0, [5]], "inner_points_per_edge: a whole number is expected, found"),
    "weights": (["randm", 3, True, ["random"]], "weights"),
    "again": ([1, "no", None], "again is True or False"),
    "device": ([3, None, ["cpu"], Path("cpu")], "device is a text, found"),
}
OF_BOTH = {
    "store": ([3, True, ["a"], b"a", Elsewhere()], "store, the folder of a store, is a text or a pathlib.Path, found"),
    "plugins": (["mine.py", Path("mine.py"), b"mine.py", 3, None, {"mine.py"}], "plugins is a list of paths"),
}
WRONG = [
    *((fr.run, name, value, said) for name, (values, said) in {**OF_A_RUN, **OF_BOTH}.items() for value in values),
    *((fr.bench, name, value, said) for name, (values, said) in OF_BOTH.items() for value in values),
    *((fr.run, "tasks", value, "each of tasks is a text") for value in ([1], [None], ["task0", b"task1"])),
    *((fr.run, "plugins", [value], "each of plugins is a (text or a|path)") for value in (3, None, b"a", "", "a\0")),
    *((fr.run, "store", value, "a store, is a path, found") for value in ("", "a\0b")),
    *((fr.run, "suite", value, "name of a suite or a suite file") for value in (3, None, b"tiny", ["tiny"], True)),
    *((fr.run, "method", value, "name of a method is expected") for value in (3, None, b"ls", ["ls"], True)),
    *((fr.run, "points_per_edge", value, "1 or more|at most") for value in (0, -3, 10**9)),
    *((fr.run, "inner_points_per_edge", value, "2 or more|at most") for value in (1, -3, 10**9)),
    (fr.run, "weights", "random", "no variant with random weights"),
    *((fr.run, "options", value, "'steps'|steps must be") for value in ({"step": 1}, {"steps": [1]}, {"steps": True})),
    *((fr.bench, "again", value, "again is True or False") for value in (1, "no", None)),
    *(
        (fr.bench, "spec", value, "a bench (is the path|file is a)")
        for value in (7, None, ["tiny"], b"a", "", Elsewhere())
    ),
]


@pytest.mark.parametrize(("call", "name", "value", "said"), WRONG)
def test_an_argument_of_another_type_is_one_sentence_and_makes_no_store(call, name, value, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = {"method": "ls", "suite": "tiny"} if call is fr.run else {"spec": BENCH}
    with pytest.raises(fr.FrontrunnerError, match=said) as caught:
        call(**{**given, "store": tmp_path / "store", name: value})
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("seeds", [True], "seeds.0: a whole number is expected, found True"),
        ("seeds", ["1"], "found '1'"),
        ("seeds", [1.0], "found 1.0"),
        ("seeds", 3, "seeds: "),
        ("probes", True, "probes: a whole number is expected, found True"),
        ("suites", "tiny", "suites: "),
        ("suites", [{"name": "tiny", "points_per_edge": True}], "points_per_edge: a whole number is expected"),
        ("suites", [{"name": "tiny", "inner_points_per_edge": "3"}], "inner_points_per_edge: a whole number"),
        ("suites", [{"name": "tiny", "tasks": "task0"}], "tasks: "),
        ("suites", [3], "suites.0"),
        ("learners", [{"tuned": "a/b", "trial": True}], "trial: a whole number is expected"),
        ("learners", [{"method": "ls", "options": [1]}], "options: "),
        ("learners", [{"method": "ls", "options": {1: 2}}], "options"),
        ("name", 3, "name: "),
        (1, 2, "1"),
    ],
)
def test_what_a_bench_cannot_hold_is_one_sentence(key, value, said, tmp_path):
    with pytest.raises(fr.ConfigError, match=said) as caught:
        fr.bench({**BENCH, key: value}, store=tmp_path / "store")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("store", [3, True, ["a"], b"a", "a\0b"])
def test_results_of_no_folder_are_one_sentence(store):
    with pytest.raises(fr.ConfigError, match="the folder of a store"):
        fr.results(store)


@pytest.mark.parametrize("suite", [3, ["tiny"], b"tiny", {"tiny"}])
def test_results_of_what_is_no_suite_are_one_sentence(suite, tmp_path):
    with pytest.raises(fr.ConfigError, match="suite is a text, found"):
        fr.results(tmp_path, suite=suite)


def test_whole_numbers_of_numpy_are_numbers(in_process, tmp_path):
    board = fr.run("pretrained", "tiny", seed=np.int64(3), options=MappingProxyType({}), store=tmp_path)
    assert board["seeds"].tolist() == ["3"]
    spec = MappingProxyType({**BENCH, "learners": ["pretrained"], "seeds": list(np.arange(3, 4))})
    assert fr.bench(spec, store=tmp_path)["runs"].tolist() == board["runs"].tolist()


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


@pytest.mark.parametrize(
    ("call", "command"),
    [
        (lambda store: fr.bench({"name": "x", "suites": ["tiny"], "learners": ["pretrained"]}, store=store), "bench"),
        (lambda store: fr.run("pretrained", "tiny", store=store), "run"),
    ],
)
def test_what_a_script_runs_is_told_by_its_name(call, command, tiny, tmp_path, monkeypatch):
    class ToldError(Exception):
        pass

    def tell(*_, command, **__):
        raise ToldError(command)

    monkeypatch.setattr(shown_progress, "shown_progress", tell)
    with pytest.raises(ToldError, match=rf"^{command}$"):
        call(tmp_path / "store")
