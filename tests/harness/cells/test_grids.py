"""The grid of preferences of a cell: one lattice, or two layers and the centre."""

import re

import numpy as np
import pytest
from pydantic import ValidationError

import frontrunner as fr
from frontrunner.harness.bundle.allowed import CellFields
from frontrunner.harness.cells.bench_file import BenchSpec, read_bench
from frontrunner.harness.cells.cell import Cell
from frontrunner.harness.cells.make_cell import cell_on, choose_suite, default_grid
from frontrunner.harness.records.mlflow_run import cell_params


def cell(points_per_edge=2, inner_points_per_edge=0, n_tasks=2):
    tasks = tuple(f"task{t}" for t in range(n_tasks))
    return Cell("m", "1", {}, "s", "1", tasks, 0, points_per_edge, "m", inner_points_per_edge=inner_points_per_edge)


def test_a_cell_of_one_lattice_is_recorded_as_it_was_before_there_were_layers():
    plain = Cell("m", "1", {}, "s", "1", ("a", "b"), 0, 3, "m")
    assert plain.key == "9a56ca48d0638a02"
    assert "inner_points_per_edge" not in plain.to_json()
    assert "inner_points_per_edge" not in cell_params(plain)
    assert cell_params(plain)["grid"] == "simplex-3"
    assert plain.group == "s v1: a, b (grid of 3 preferences)"
    assert plain.preferences().tolist() == fr.simplex_grid(2, 3).tolist()


def test_a_cell_of_two_layers_is_another_cell_and_comes_back():
    layered = cell(2, 2)
    assert layered.key != cell(2).key
    assert layered.key != cell(2, 3).key
    assert Cell.from_json(layered.to_json()) == layered
    assert cell_params(layered)["inner_points_per_edge"] == 2
    assert cell_params(layered)["grid"] == "layered-2-2"
    assert layered.preferences().tolist() == fr.layered_grid(2, 2, 2).tolist()


@pytest.mark.parametrize("n_tasks", range(1, 9))
@pytest.mark.parametrize(("points", "inner"), [(2, 0), (3, 0), (2, 2), (2, 3), (3, 2), (3, 3)])
def test_a_cell_knows_how_many_preferences_its_grid_has(n_tasks, points, inner):
    made = cell(points, inner, n_tasks)
    assert made.n_preferences == len(made.preferences())
    assert f"grid of {made.n_preferences} preference{'' if n_tasks == 1 else 's'}" in made.group


def test_grids_of_as_many_preferences_do_not_share_a_board():
    grids = [cell(9), cell(6, 2), cell(7, 2)]
    assert [made.n_preferences for made in grids] == [9, 9, 9]
    assert len({made.group for made in grids}) == 3
    assert grids[1].group == "s v1: task0, task1 (grid of 9 preferences in layers of 6 and 2 points per edge)"


@pytest.mark.parametrize(
    ("points", "inner", "message"),
    [
        (None, 1, "inner_points_per_edge is an integer of 2 or more, or 0 for no inner layer; found 1"),
        (None, -1, "or 0 for no inner layer; found -1"),
        (1, 2, "^points_per_edge is an integer of 2 or more; found 1"),
        (2, 300, "20,000 preferences at most; layers of 2 and 300 points per edge of 3 tasks make 45,154, lower"),
        (300, 2, "lower points_per_edge or inner_points_per_edge"),
        (300, 0, "300 points per edge of 3 tasks make 45,150, lower points_per_edge$"),
    ],
)
def test_a_grid_that_no_cell_can_have_is_refused(points, inner, message):
    tiny = choose_suite("tiny", None)
    with pytest.raises(fr.ConfigError, match=message):
        cell_on(tiny, "pretrained", seed=0, options={}, points_per_edge=points, inner_points_per_edge=inner)


def test_a_bench_names_the_layers_of_its_suites():
    layered = {"name": "tiny", "points_per_edge": 2, "inner_points_per_edge": 3}
    of_default = {"name": "tiny", "inner_points_per_edge": 2}
    cells = BenchSpec(name="x", suites=["tiny", layered, of_default], learners=["pretrained"]).cells()
    assert [(found.points_per_edge, found.inner_points_per_edge) for found in cells] == [(4, 4), (2, 3), (4, 2)]


SIZES = {1: 1, 2: 11, 3: 19, 4: 21, 5: 21, 6: 28, 7: 36, 8: 45, 9: 19, 30: 61}


@pytest.mark.parametrize(("n_tasks", "n_preferences"), SIZES.items())
def test_a_grid_left_unset_holds_the_centre_and_has_an_interior(n_tasks, n_preferences):
    points, inner = default_grid(n_tasks)
    grid = cell(points, inner, n_tasks).preferences()
    assert len(grid) == n_preferences <= 66
    counted = "1 preference" if n_preferences == 1 else f"{n_preferences} preferences"
    assert re.search(rf"\(grid of {counted}(\)| in layers )", cell(points, inner, n_tasks).group)
    assert np.isclose(grid, 1 / n_tasks).all(axis=1).any()
    assert (grid > 0).all(axis=1).mean() >= 0.3
    corners = grid[(grid == 1).any(axis=1)]
    assert len(corners) == n_tasks


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (4, 4)),
        ({"points_per_edge": 5}, (5, 0)),
        ({"points_per_edge": 5, "inner_points_per_edge": None}, (5, 0)),
        ({"points_per_edge": None, "inner_points_per_edge": 0}, (4, 0)),
        ({"inner_points_per_edge": 3}, (4, 3)),
        ({"points_per_edge": 3, "inner_points_per_edge": 3}, (3, 3)),
    ],
)
def test_a_grid_is_the_default_one_as_far_as_it_is_left_unset(given, expected):
    (found,) = BenchSpec(name="x", suites=[{"name": "tiny", **given}], learners=["pretrained"]).cells()
    assert (found.points_per_edge, found.inner_points_per_edge) == expected
    layers = dict(zip(("points_per_edge", "inner_points_per_edge"), expected, strict=True))
    (written_out,) = BenchSpec(name="x", suites=[{"name": "tiny", **layers}], learners=["pretrained"]).cells()
    assert written_out.key == found.key


def test_a_learner_may_have_a_grid_of_its_own():
    own = {"method": "pretrained", "label": "own", "points_per_edge": 1}
    layered = {"method": "pretrained", "label": "layered", "points_per_edge": 2, "inner_points_per_edge": 2}
    suite = {"name": "tiny", "points_per_edge": 5}
    cells = BenchSpec(name="x", suites=[suite], learners=["pretrained", own, layered]).cells()
    assert [(found.points_per_edge, found.inner_points_per_edge) for found in cells] == [(5, 0), (1, 0), (2, 2)]
    assert np.allclose(cells[1].preferences(), 1 / 3)
    assert "(grid of 1 preference)" in cells[1].group


def test_an_inner_layer_of_a_learner_needs_the_outer_one():
    learner = {"method": "pretrained", "inner_points_per_edge": 2}
    with pytest.raises(ValidationError, match="inner_points_per_edge is given beside its points_per_edge"):
        BenchSpec(name="x", suites=["tiny"], learners=[learner])


def test_a_suite_may_run_some_of_the_learners():
    learners = ["pretrained", "experts", {"method": "experts", "label": "mine"}]
    spec = BenchSpec(name="x", suites=[{"name": "tiny", "learners": ["mine", "pretrained"]}], learners=learners)
    assert [cell.label for cell in spec.cells()] == ["pretrained", "mine"]
    with pytest.raises(fr.UnknownNameError, match="did you mean 'mine'"):
        BenchSpec(name="x", suites=[{"name": "tiny", "learners": ["mime"]}], learners=learners)


@pytest.mark.parametrize("value", ["many", "2.5", "[2]"])
def test_inner_points_that_are_no_integer_are_one_sentence(value, tmp_path):
    file = tmp_path / "bench.yaml"
    file.write_text(f"name: x\nsuites: [{{name: tiny, inner_points_per_edge: {value}}}]\nlearners: [pretrained]\n")
    with pytest.raises(fr.ConfigError, match=r"suites\.0\.inner_points_per_edge"):
        read_bench(file)


@pytest.mark.parametrize(("points", "inner"), [(0, 0), (0, 2), (2, 1), (2, -1), (2, True), (2, "2"), (2, 100_001)])
def test_a_grid_of_others_that_cannot_be_is_refused(points, inner):
    fields = {**cell().to_json(), "points_per_edge": points, "inner_points_per_edge": inner}
    with pytest.raises(ValidationError, match="points_per_edge"):
        CellFields.model_validate(fields)
