"""The studies of arXiv 2406.09770: each reads and plans, has the paper's settings, and runs to its table or figure."""

from pathlib import Path

import numpy as np
import pytest
from quick_suites import barely_train, take_few_texts

import frontrunner as fr
from frontrunner.harness.cells.bench_file import read_bench
from frontrunner.harness.published.planned_study import planned_study
from frontrunner.tasks import SUITES

PAPER = Path(fr.__file__).parent / "studies" / "paper"
STUDIES = sorted(file.stem for file in PAPER.glob("*.yaml"))
FIGURES = {
    "figure-2": "distances",
    "figure-3": "fronts",
    "figure-4": "fronts",
    "figure-5": "fronts",
    "figure-6": "fronts",
    "figure-7": "lambdas",
    "figure-8": "coefficients",
}


def planned(name, suite=None, steps=None):
    file = PAPER / f"{name}.yaml"
    return planned_study(read_bench(file), file.parent, suite=suite, steps=steps)


def with_shapes(name):
    """The study on the same suites with random weights, which need no download, where it has one suite alone."""
    (suite,) = {suite.name for suite in read_bench(PAPER / f"{name}.yaml").suites}
    return planned(name, f"{suite}-random").run.cells()


def test_every_table_and_figure_but_the_schematic_has_a_study():
    assert {f"table-{n}" for n in range(1, 9)} | set(FIGURES) == set(STUDIES)


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_plans_on_embedded_suites_and_says_so_in_its_title(name):
    for suite in ("vision-mini", "text-mini"):
        study = planned(name, suite)
        cells = study.run.cells()
        assert {cell.suite for cell in cells} == {suite}
        assert study.run.name == f"paper {name.replace('-', ' ')} on {suite}"
        assert {cell.options.get("steps") for cell in cells} == {None}


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_asks_for_its_table_and_its_figure(name):
    study = planned(name, "vision-mini")
    wanted = {"figure-5": ["figure-5b"]}.get(name, [name] if name.startswith("table") else [])
    assert list(study.tables) == wanted
    assert [figure.kind for figure in study.run.figures] == ([FIGURES[name]] if name in FIGURES else [])


@pytest.mark.parametrize("name", [name for name in STUDIES if name not in ("table-8", "figure-7")])
def test_rows_at_equal_weights_and_at_corners_are_on_the_grid_of_their_learner(name):
    study = planned(name, "vision-mini")
    cells = {(cell.label, cell.tasks): cell for cell in study.run.cells()}
    for table in study.tables:
        for row in study.tables[table].rows:
            if row.learner is None or not row.learner.startswith(("pwe", "ls", "epo", "fisher", "regmean")):
                continue  # the others hold what they hold, whatever the grid
            place = study.place(table, row)
            grid = cells[row.learner, place.tasks].preferences()
            at = (
                np.full(len(place.tasks), 1 / len(place.tasks))
                if row.at == "equal"
                else [row.at.get(task, 0) for task in place.in_place_of]
            )
            assert np.isclose(grid, at, rtol=0, atol=1e-6).all(axis=1).any(), (name, row.method)


@pytest.mark.parametrize(
    ("name", "n_preferences"),
    [
        ("figure-3", 11),
        ("figure-4", 11),
        ("figure-5", 70),
        ("figure-6", 11),
        ("figure-8", 8),
        ("table-2", 1),
        ("table-4", 1),
    ],
)
def test_grids_are_the_published_ones(name, n_preferences):
    sizes = {len(cell.preferences()) for cell in with_shapes(name) if cell.label.startswith("pwe-moe")}
    assert sizes == {n_preferences}


@pytest.mark.parametrize(
    "name", ["table-1", "table-2", "table-3", "table-4", *(f"figure-{n}" for n in (3, 4, 5, 6, 8))]
)
def test_training_is_that_of_the_published_scripts(name):
    written = {learner.called: learner.options for learner in read_bench(PAPER / f"{name}.yaml").learners}
    for cell in with_shapes(name):
        found, given, budget = cell.options, written[cell.label], SUITES.get(cell.suite).budget
        steps, batch = (given.get(option) or getattr(budget, option) for option in ("steps", "batch_size"))
        seen = batch * given.get("preferences_per_step", 1)  # images or texts of a task in a step
        if cell.method.startswith("pwe-moe"):
            assert (steps, found["lr"], found["final_lr_ratio"], found["dirichlet_alpha"]) == (4000, 0.01, 0.1, 1.0)
            assert (found["router_depth"], found["hidden_size"]) == (2, None)
            assert found["init_lambda"] == (0.6 if name == "figure-6" else 0.3)
            assert seen == {"table-3": 12, "table-4": 8, "figure-6": 8}.get(name, 16)
        elif cell.method in ("ls", "epo", "mgda"):
            assert (steps, found["lr"], budget.lr) == (8000, None, 1e-5)
            assert seen == (10 if name == "table-3" else 16)


def test_the_routers_of_the_large_model_draw_a_preference_for_each_of_four_gpus():
    written = {one.called: one.options for one in read_bench(PAPER / "table-3.yaml").learners}
    assert written["pwe-moe-ls (mlp)"]["preferences_per_step"] == 4


@pytest.mark.slow
@pytest.mark.timeout(900)  # most studies train a dozen learners on three pairs of tasks
@pytest.mark.parametrize("name", STUDIES)
def test_a_study_runs_to_its_table_or_figure_on_an_embedded_suite(name, command, in_process, tmp_path, monkeypatch):
    barely_train(monkeypatch, tmp_path / "cache")
    take_few_texts(monkeypatch)
    chosen = ("--suite", "text-mini", "--steps", "1", "--store", tmp_path / "store", "--device", "cpu")
    ended = command.within("bench", PAPER / f"{name}.yaml", *chosen)
    assert ended.status == 0, ended.err
    assert "could not be drawn" not in ended.err
    (folder,) = (tmp_path / "store" / "artifacts" / "text-mini").glob("*/artifacts/published")
    found = {file.suffix for file in folder.iterdir()}
    assert found >= ({".md", ".csv", ".tex"} if planned(name, "text-mini").tables else set())
    assert found >= ({".png", ".pdf", ".svg"} if name in FIGURES else set())
    for table in folder.glob("*.md"):
        own = table.read_text().split("### ")[1]
        rows = [line for line in own.splitlines() if "| here" in line]
        assert rows
        assert not [row for row in rows if row.split("|")[3].strip() == "–" and "table 8" not in own.lower()]
