"""Published and measured rows of one table: never mixed, and apart wherever they are of other data."""

import dataclasses
import re

import numpy as np
import pytest
import yaml
from made_up_results import failed, made_up, measured

import frontrunner as fr
from frontrunner.harness.cells.bench_file import BenchSpec
from frontrunner.harness.published.beside import tables_beside
from frontrunner.harness.published.study import PublishedStudy
from frontrunner.metrics.statistics import mean_interval

TABLE = {
    "title": "Table 9: two tasks; accuracy in %",
    "source": "a paper",
    "columns": [
        {"heading": "A", "task": "a"},
        {"heading": "B", "task": "b"},
        {"heading": "Avg", "mean": True},
        {"heading": "Time", "measure": "fit_time_s"},
        {"heading": "Batch", "option": "batch_size"},
        {"heading": "Only printed"},
    ],
    "rows": [{"method": "Theirs", "values": [50.0, 60.04, 55, "3 min", "16", None], "learner": "one"}],
    "notes": {},
    "about": ["Said of the table."],
}
HEADINGS = ["A", "B", "Avg", "Time", "Batch", "Only printed"]
CORNERS = [[1, 0], [0, 1]]


def study(tmp_path, rows=None, *, tasks=("a", "b"), run=None, in_place_of=None, seeds=(0,), **table):
    content = {**TABLE, **table, **({} if rows is None else {"rows": rows})}
    (tmp_path / "t.yaml").write_text(yaml.safe_dump(content))
    learners = [{"method": "pretrained", "label": label} for label in ("one", "two")]
    spec = BenchSpec.model_validate(
        {
            "name": "mine",
            "suites": [{"name": "s", "tasks": list(tasks)}],
            "learners": learners,
            "tables": ["t.yaml"],
            "seeds": list(seeds),
        }
    )
    run = spec if run is None else spec.model_copy(update=run)
    return PublishedStudy.read(spec, run, tmp_path, in_place_of)


def row(learner="one", values=(50.0, 60.0, 55.0, "3 min", "16", None), method="Theirs", **further):
    return {"method": method, "values": list(values), "learner": learner, **further}


def here(tables):
    """The measured rows of the first table: method and cells."""
    return [(line.cells[0], line.cells[2:]) for line in tables[0].lines if line.source == "here"]


def test_what_was_measured_follows_the_row_that_was_printed(tmp_path):
    costs = {"fit_time_s": 125.0}
    cells = [made_up("one", [[0.25, 0.5]], costs=costs, options={"batch_size": 8}), made_up("two", [[0.125, 0.0]])]
    rows = [row(), row("two", method="Other")]
    (table,) = tables_beside(study(tmp_path, rows), "t", measured(*cells))
    assert table.cells == [
        ["method", "from", *HEADINGS],
        ["Theirs", "published", "50.0", "60.0", "55.0", "3 min", "16", "–"],
        ["one", "here", "75.0", "50.0", "62.5", "2 min 05 s", "8", "–"],
        ["Other", "published", "50.0", "60.0", "55.0", "3 min", "16", "–"],
        ["two", "here", "87.5", "100.0", "93.8", "–", "–", "–"],
    ]
    assert "Said of the table." in table.notes
    assert "Published rows: a paper." in table.notes


COSTS = [{"heading": "Time", "measure": "fit_time_s"}, {"heading": "Batch", "option": "batch_size"}]


@pytest.mark.parametrize(
    ("columns", "seeds", "read"),
    [
        (
            TABLE["columns"][:3],
            (0,),
            "seed 0. Accuracies are those on the test split, at equal weights unless a row says other.",
        ),
        (COSTS, (0,), "seed 0."),
        (COSTS, (0, 1, 2), "the mean over 3 seeds, with [both ends] of its 95 % interval."),
        (COSTS[1:], (0, 1, 2), "the mean over 3 seeds."),
        (
            TABLE["columns"],
            (0, 1, 2),
            "the mean over 3 seeds, with ± the half width or [both ends] of its 95 % interval. Accuracies are those on "
            "the test split, at equal weights unless a row says other.",
        ),
    ],
)
def test_it_is_said_how_the_columns_that_there_are_are_read(columns, seeds, read, tmp_path):
    rows = [row(values=["1"] * len(columns))]
    cells = [made_up("one", [[0.1, 0.2]], seed=seed, costs={"fit_time_s": 1.0}) for seed in seeds]
    (table,) = tables_beside(study(tmp_path, rows, columns=columns, seeds=seeds), "t", measured(*cells))
    assert f"Rows from here are measured: {read}" in table.notes


def test_seeds_give_means_with_intervals(tmp_path):
    errors = [0.1, 0.2, 0.6]
    cells = [made_up("one", [[e, 0.5]], seed=seed, costs={"fit_time_s": 60.0}) for seed, e in enumerate(errors)]
    tables = tables_beside(study(tmp_path, seeds=(0, 1, 2)), "t", measured(*cells))
    ((_, (a, b, _, time, *_)),) = here(tables)
    found = mean_interval([100 * (1 - e) for e in errors])
    assert a == f"70.0 ± {(found.high - found.low) / 2:.1f}"
    assert b == "50.0 ± 0.0"
    assert time == "1 min 00 s [1 min 00 s, 1 min 00 s]"
    entry = tables[0].lines[1].entries[0]
    assert np.isclose(
        [entry.measured.mean, entry.measured.low, entry.measured.high], [70.0, found.low, found.high]
    ).all()
    assert any("mean over 3 seeds" in note for note in tables[0].notes)


def test_two_seeds_have_a_mean_and_no_interval(tmp_path):
    cells = [made_up("one", [[e, 0.5]], seed=seed) for seed, e in enumerate([0.1, 0.2])]
    ((_, (a, *_)),) = here(tables_beside(study(tmp_path, seeds=(0, 1)), "t", measured(*cells)))
    assert a == "85.0"


@pytest.mark.parametrize(
    ("at", "expected", "told"),
    [
        ("equal", ["50.0", "40.0"], "one"),
        ("own", ["90.0", "80.0"], "one, each on its own task"),
        ({"a": 1}, ["90.0", "10.0"], "one, all for a"),
        ({"a": 0.25, "b": 0.75}, ["30.0", "60.0"], "one, weights a = 0.25, b = 0.75"),
        ({"a": 0.4, "b": 0.6}, ["–", "–"], "one, weights a = 0.4, b = 0.6"),
    ],
)
def test_a_row_is_of_the_answer_that_it_asks_for(at, expected, told, tmp_path):
    error = [[0.1, 0.9], [0.5, 0.6], [0.7, 0.4], [0.9, 0.2]]
    preferences = [[1, 0], [0.5, 0.5], [0.25, 0.75], [0, 1]]
    cells = [made_up("one", error, preferences=preferences)]
    tables = tables_beside(study(tmp_path, [row(at=at)]), "t", measured(*cells))
    ((method, values),) = here(tables)
    assert method == told
    assert values[:2] == expected
    assert any("has no answer" in note for note in tables[0].notes) == (expected[0] == "–")


def test_of_a_curve_the_best_mean_is_shown_with_its_lambda(tmp_path):
    cells = [made_up("one", [[0.5, 0.5], [0.1, 0.3], [0.0, 0.9]], labels=[f"lambda = {x}" for x in (0, 0.3, 1)])]
    ((method, values),) = here(tables_beside(study(tmp_path, [row(at="best")]), "t", measured(*cells)))
    assert method == "one, lambda = 0.3"
    assert values[:3] == ["90.0", "70.0", "80.0"]


@pytest.mark.parametrize("at", ["own", {"a": 1}])
def test_a_set_of_one_answer_stands_for_equal_weights_alone(at, tmp_path):
    tables = tables_beside(study(tmp_path, [row(at=at)]), "t", measured(made_up("one", [[0.5, 0.5]])))
    ((_, values),) = here(tables)
    assert values[:2] == ["–", "–"]


def test_a_curve_has_no_answer_at_equal_weights(tmp_path):
    cells = [made_up("one", [[0.5, 0.5], [0.1, 0.3]], labels=["lambda = 0", "lambda = 1"])]
    ((_, values),) = here(tables_beside(study(tmp_path), "t", measured(*cells)))
    assert values[:2] == ["–", "–"]


def test_what_did_not_finish_is_a_row_without_numbers_and_a_reason(tmp_path):
    tables = tables_beside(study(tmp_path), "t", measured(failed("one", "out of luck")))
    ((_, values),) = here(tables)
    assert values == ["–"] * 6
    assert "one on s, seed 0: failed (out of luck)." in tables[0].notes


def test_a_row_without_a_learner_stands_alone(tmp_path):
    tables = tables_beside(study(tmp_path, [row(None)]), "t", measured(made_up("one", [[0.5, 0.5]])))
    assert here(tables) == []


def test_on_another_suite_nothing_that_was_printed_shares_a_table_with_what_was_measured(tmp_path):
    other = {"name": "mine on o", "suites": [{"name": "o", "tasks": ["x", "y"]}]}
    run = BenchSpec.model_validate({**other, "learners": ["pretrained"]})
    planned = study(
        tmp_path,
        [row(at={"b": 1})],
        run={"name": run.name, "suites": run.suites},
        in_place_of={"a": "x", "b": "y"},
    )
    cells = [made_up("one", [[0.1, 0.2], [0.3, 0.4]], suite="o", tasks=("x", "y"), preferences=CORNERS)]
    own, published = tables_beside(planned, "t", measured(*cells))
    assert own.cells == [
        ["method", "from", "x", "y", "Avg", "Time", "Batch", "Only printed"],
        ["one, all for y", "here", "70.0", "60.0", "65.0", "–", "–", "–"],
    ]
    assert {line.source for line in published.lines} == {"published"}
    assert "run on o" in own.title
    assert "mine on o" in own.title
    assert "on other data" in published.title
    assert any(re.search("a = x, b = y", note) for note in own.notes)


def test_learners_that_are_the_same_on_another_suite_both_have_the_one_cell(tmp_path):
    planned = study(tmp_path, [row("one"), row("two")])
    only, result = made_up("two", [[0.3, 0.4]], preferences=[[0.5, 0.5]])
    both = measured((only, result), asked=[dataclasses.replace(only.cell, label="one")])
    found = here(tables_beside(planned, "t", both))
    assert [method for method, _ in found] == ["one", "two"]
    assert found[0][1] == found[1][1]
    assert "–" not in found[0][1][:3]


def test_cells_of_every_learner_are_asked_for_and_equal_ones_run_once():
    spec = BenchSpec.model_validate(
        {
            "name": "mine",
            "suites": [{"name": "tiny", "points_per_edge": 2}],
            "learners": [{"method": "pretrained", "label": label} for label in ("one", "two")],
            "seeds": [0, 1],
        }
    )
    assert [cell.label for cell in spec.asked_cells()] == ["one", "two", "one", "two"]
    assert [cell.label for cell in spec.cells()] == ["two", "two"]


def test_columns_and_rows_of_tasks_that_fell_away_are_left_out_of_what_was_measured(tmp_path):
    other = BenchSpec.model_validate(
        {"name": "mine on o", "suites": [{"name": "o", "tasks": ["x"]}], "learners": ["pretrained"]}
    )
    planned = study(
        tmp_path,
        [row(), row(at={"b": 1}), row(at={"a": 1})],
        run={"name": other.name, "suites": other.suites},
        in_place_of={"a": "x"},
    )
    cells = [made_up("one", [[0.25]], suite="o", tasks=("x",), preferences=[[1.0]])]
    own, published = tables_beside(planned, "t", measured(*cells))
    assert own.headings == ("x", "Avg", "Time", "Batch", "Only printed")
    assert [line.cells[0] for line in own.lines] == ["one", "one, all for x"]
    assert len(published.lines) == 3
    assert "Without a task in their place: b." in own.notes


def test_random_weights_of_the_same_suite_are_other_data(tmp_path):
    random = BenchSpec.model_validate(
        {
            "name": "mine",
            "suites": [{"name": "s", "tasks": ["a", "b"], "weights": "random"}],
            "learners": ["pretrained"],
        }
    )
    planned = study(tmp_path, run={"suites": random.suites})
    assert len(tables_beside(planned, "t", measured(made_up("one", [[0.5, 0.5]])))) == 2


@pytest.mark.parametrize(
    ("rows", "error", "told"),
    [
        ([row("three")], fr.UnknownNameError, "'three'; choose one of: one, two"),
        ([row("onee")], fr.UnknownNameError, "did you mean 'one'"),
        ([row(suite="elsewhere")], fr.ConfigError, "table t: the row 'Theirs' .* suite elsewhere .*none has that"),
        ([row(n_tasks=3)], fr.ConfigError, "3 tasks and the tasks a, b; none has that"),
    ],
)
def test_a_row_that_belongs_to_nothing_of_the_bench_is_refused_before_it_runs(rows, error, told, tmp_path):
    with pytest.raises(error, match=told):
        study(tmp_path, rows)


def test_a_table_of_tasks_that_the_bench_lacks_is_refused(tmp_path):
    with pytest.raises(fr.ConfigError, match="with the tasks a, b; none has that"):
        study(tmp_path, tasks=("a",))
