import dataclasses
import json
import os
import subprocess
import sys

import pytest

import frontrunner as fr
from frontrunner.errors import ConfigError, UnknownNameError
from frontrunner.harness.cells.bench_file import BenchSpec
from frontrunner.harness.cells.cell import Cell
from frontrunner.harness.cells.make_cell import make_cell
from frontrunner.harness.records.store import store_folder
from frontrunner.methods import METHODS


def cell(method="pwe-moe-ls", **changes):
    arguments = {"tasks": None, "seed": 0, "options": {"steps": 30}, "points_per_edge": None}
    return make_cell(method, "tiny", **arguments | changes)


DECIDES = {
    "an option": {"options": {"steps": 31}},
    "another option": {"options": {"steps": 30, "lr": 0.5}},
    "seed": {"seed": 1},
    "fewer tasks": {"tasks": ["task0", "task1"]},
    "order of tasks": {"tasks": ["task1", "task0", "task2"]},
    "grid": {"points_per_edge": 5},
    "method": {"method": "pretrained", "options": {}},
}


def test_the_key_changes_with_everything_that_decides_a_result():
    keys = {name: cell(**changes).key for name, changes in DECIDES.items()}
    assert len({cell().key, *keys.values()}) == 1 + len(DECIDES)


@pytest.mark.parametrize("field", ["method_version", "suite_version", "suite"])
def test_the_key_changes_with_the_versions(field):
    assert dataclasses.replace(cell(), **{field: "another"}).key != cell().key


def test_the_version_in_a_cell_is_that_of_the_registered_classes(monkeypatch, tiny):
    monkeypatch.setattr(METHODS.get("pwe-moe-ls"), "version", "77", raising=False)
    monkeypatch.setattr(tiny.Tiny, "version", "88")
    found = cell()
    assert (found.method_version, found.suite_version) == ("77", "88")


@pytest.mark.parametrize(
    "same",
    [
        {"label": "for people"},
        {"tasks": ["task0", "task1", "task2"]},
        {"options": {"steps": "30"}},
        {"options": {"steps": 30.0, "lr": "1e-2"}},
        {"options": {"lr": 0.01, "steps": 30}},
    ],
)
def test_the_key_is_that_of_what_is_meant_not_of_how_it_is_written(same):
    assert cell(**same).key == cell().key


def test_the_key_is_the_same_in_another_process(command):
    program = (
        "import json, sys; from frontrunner.harness.cells.cell import Cell;"
        "print(Cell.from_json(json.load(sys.stdin)).key)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(cell().to_json()),
        env=os.environ | {"PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == cell().key


def test_json_gives_the_cell_back():
    again = Cell.from_json(json.loads(json.dumps(cell(label="mine").to_json())))
    assert again == cell()
    assert again.label == "mine"
    assert again.learner().config == cell().learner().config


def test_a_label_names_the_options_that_differ():
    assert cell(options={}).label == "pwe-moe-ls"
    assert cell(options={"steps": 30, "upscale": "all"}).label == "pwe-moe-ls (steps=30, upscale=all)"


def test_seeds_of_a_learner_share_a_row_and_grids_do_not_share_a_board():
    assert cell(seed=1).learner_key == cell().learner_key
    assert cell(options={}).learner_key != cell().learner_key
    assert cell(seed=1).group == cell().group
    assert len({cell().group, cell(points_per_edge=5).group, cell(tasks=["task0"]).group}) == 3


def test_a_bench_is_the_product_of_its_suites_learners_and_seeds():
    spec = BenchSpec(
        name="x",
        suites=["tiny", {"name": "tiny", "tasks": ["task0", "task1"], "points_per_edge": 3}],
        learners=["pretrained", {"method": "pwe-moe-ls", "options": {"steps": 3}, "label": "short"}, "pretrained"],
        seeds=[0, 1],
    )
    cells = spec.cells()
    assert len(cells) == 8  # the learner that is named twice runs once
    assert [found.seed for found in cells] == [0, 0, 1, 1] * 2
    assert {found.points_per_edge for found in cells} == {4, 3}
    assert [found.label for found in cells[:2]] == ["pretrained", "short"]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"method": "pwe-moe"}, UnknownNameError, "pwe-moe-ls"),
        ({"tasks": ["task4"]}, UnknownNameError, "task"),
        ({"tasks": []}, ConfigError, "one or more"),
        ({"seed": -1}, ConfigError, "seed"),
        ({"points_per_edge": 0}, ConfigError, "points_per_edge"),
        ({"options": {"steps": True}}, ConfigError, "steps must be int"),
        ({"options": {"stpes": 3}}, UnknownNameError, "'steps'"),
    ],
)
def test_a_cell_that_cannot_run_is_refused(changes, error, message):
    with pytest.raises(error, match=message):
        cell(**changes)


def test_the_store_is_the_chosen_folder_then_the_environment_then_mlruns(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert store_folder(None) == tmp_path / "mlruns"
    monkeypatch.setenv("FRONTRUNNER_STORE", str(tmp_path / "named"))
    assert store_folder(None) == tmp_path / "named"
    assert store_folder(tmp_path / "chosen") == tmp_path / "chosen"


@pytest.mark.parametrize("label", ["  ", "esc \x1b[2J", "turned \u202e round", "\x00"])
def test_a_label_is_text_that_a_terminal_shows(label):
    with pytest.raises(fr.ConfigError, match="one line is expected, without control characters, found"):
        make_cell("pretrained", "tiny", tasks=None, seed=0, options={}, points_per_edge=2, label=label)


@pytest.mark.parametrize(("label", "kept"), [("two\nlines\t tab", "two lines tab"), ("👩‍🔬 mine", "👩‍🔬 mine")])
def test_a_label_is_one_line(label, kept):
    cell = make_cell("pretrained", "tiny", tasks=None, seed=0, options={}, points_per_edge=2, label=label)
    assert cell.label == kept
