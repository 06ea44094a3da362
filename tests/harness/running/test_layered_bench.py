"""A bench on a grid of two layers: evaluated there, told apart in every report, exported and shared."""

from types import SimpleNamespace
from unittest.mock import Mock

import pytest

import frontrunner as fr
from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.bundle import export_bundle, import_bundle
from frontrunner.harness.cells.bench_file import BenchSpec
from frontrunner.harness.exporting.export_model import export_model
from frontrunner.harness.records.store import Store
from frontrunner.harness.reports.board_pictures import file_name
from frontrunner.harness.reports.page.caption_content import caption_content
from frontrunner.harness.reports.publish import run_and_publish_bench
from frontrunner.harness.running.executors.local import LocalExecutor

LAYERS = {"points_per_edge": 2, "inner_points_per_edge": 2}
GRID = [[0.0, 1.0], [0.25, 0.75], [0.5, 0.5], [0.75, 0.25], [1.0, 0.0]]


@pytest.fixture(scope="module")
def layered(without_processes, drawn, tmp_path_factory):
    """A store with one learner's result on two layers, and on a lattice of as many preferences."""
    store = Store(tmp_path_factory.mktemp("layered") / "store", create=True)
    two = {"name": "tiny", "tasks": ["task0", "task1"]}
    spec = BenchSpec.model_validate(
        {
            "name": "both",
            "suites": [{**two, **LAYERS}, {**two, "points_per_edge": 5}],
            "learners": [{"method": "ls", "options": {"steps": 2}}],
        }
    )
    with without_processes(), drawn():
        run_and_publish_bench(spec, store, executor=LocalExecutor(["cpu"]), plugins=[], listener=Mock())
    attempts = {attempt.cell.inner_points_per_edge: attempt for attempt in store.attempts()}
    return SimpleNamespace(store=store, attempt=attempts[2], other=attempts[0])


def test_the_front_is_that_of_the_layers(layered):
    assert layered.attempt.record().evaluation.preferences.tolist() == GRID
    (experiment,) = layered.store.experiments()
    runs = layered.store.client.search_runs([experiment.experiment_id], "params.inner_points_per_edge = '2'")
    assert [run.info.run_id for run in runs] == [layered.attempt.run_id]


def test_its_board_stands_apart_from_one_of_a_lattice_with_as_many_preferences(layered):
    boards = leaderboards(layered.store)
    grids = ("(grid of 5 preferences)", "(grid of 5 preferences in layers of 2 and 2 points per edge)")
    assert {board.name.partition(": task0, task1 ")[2] for board in boards} == {*grids}
    captions = {dict(caption_content(board)["entries"])["Preferences"] for board in boards}
    assert captions == {"grid of 5", "grid of 5 in layers of 2 and 2 points per edge"}
    assert {file_name(board) for board in boards} == {"task0-task1-5", "task0-task1-2-inner2"}
    assert len(list(layered.store.folder.rglob("fronts-task0-task1-2-inner2.png"))) == 1


def test_a_model_of_the_inner_layer_is_exported(layered, tmp_path):
    weights = {"task0": 0.25, "task1": 0.75}
    export_model(layered.attempt, weights, tmp_path / "model")
    assert (tmp_path / "model" / "model.safetensors").is_file()
    with pytest.raises(fr.PreferenceError):
        export_model(layered.attempt, {"task0": 1 / 3, "task1": 2 / 3}, tmp_path / "other")


def test_it_is_shared(layered, tmp_path):
    export_bundle(layered.store, tmp_path / "shared.zip")
    empty = Store(tmp_path / "store", create=True)
    import_bundle(empty, tmp_path / "shared.zip")
    assert {attempt.cell.key for attempt in empty.attempts()} == {layered.attempt.cell.key, layered.other.cell.key}
    assert {board.name for board in leaderboards(empty)} == {board.name for board in leaderboards(layered.store)}


def test_the_command_takes_layers(command, without_processes, tmp_path):
    on = ["--tasks", "task0,task1", "--plugin", command.plugin, "--store", tmp_path / "store"]
    words = ["run", "interpolation", "tiny", *on]
    refused = command.within(*words, "--points-per-edge", "2", "--inner-points-per-edge", "1")
    refused.assert_one_sentence("inner_points_per_edge is an integer of 2 or more, or 0 for no inner layer; found 1")
    assert not (tmp_path / "store").exists()
    with without_processes():
        ended = command.within(*words, "--points-per-edge", "2", "--inner-points-per-edge", "2")
    assert (ended.status, ended.err) == (0, "")
    (attempt,) = Store(tmp_path / "store", create=False).attempts()
    assert attempt.record().evaluation.preferences.tolist() == GRID
