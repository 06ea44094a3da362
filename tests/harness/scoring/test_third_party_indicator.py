"""An indicator that a third party's file adds appears everywhere without touching another file."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

import frontrunner as fr
from frontrunner.errors import ConfigError
from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.records.mlflow_views import LEARNERS, RUNS
from frontrunner.harness.records.store import Store
from frontrunner.harness.scoring.measures import MEASURES
from frontrunner.metrics import INDICATORS
from frontrunner.plugin_import import import_plugin
from frontrunner.studies.objective import make_objective
from frontrunner.studies.spec import ObjectiveSpec
from frontrunner.testing import IndicatorConformance

PLUGIN = Path(__file__).parent / "worst_task_plugin.py"


@pytest.fixture
def forgotten():
    """Whatever a test registers is forgotten afterwards."""
    yield
    INDICATORS._entries.pop("worst_task", None)


@pytest.fixture(scope="module")
def ran(command, tmp_path_factory, without_processes):
    """The store of a bench that was run with the plugin, what it printed, and the plugin's arguments."""
    folder = tmp_path_factory.mktemp("indicator")
    with without_processes():
        ended = command.within(
            *command.bench(folder, ["interpolation", "pretrained"], seeds=[0, 1, 2], plugins=[PLUGIN])
        )
    assert (ended.status, ended.err) == (0, "")
    yield folder / "store", ended.out
    INDICATORS._entries.pop("worst_task", None)


def expected(store):
    """Label -> seed -> the indicator's value, straight from the recorded fronts."""
    found = {}
    for attempt in Store(store, create=False).attempts():
        errors = attempt.record().evaluation.error
        found.setdefault(attempt.cell.label, {})[attempt.cell.seed] = errors.max(axis=1).min()
    return found


def test_it_is_a_column_of_the_terminal_right_of_hypervolume(ran):
    _, out = ran
    heading = next(line for line in out.splitlines() if "learner" in line)
    assert heading.index("HV ↑") < heading.index("worst task ↓") < heading.index("IGD+ ↓")


def test_it_is_a_column_of_csv_with_its_interval_and_in_json(ran, command):
    store, _ = ran
    ended = command.within("leaderboard", "--format", "csv", "--store", store, "--plugin", PLUGIN)
    rows = {row["learner"]: row for row in csv.DictReader(io.StringIO(ended.out))}
    for label, by_seed in expected(store).items():
        assert float(rows[label]["worst_task"]) == pytest.approx(sum(by_seed.values()) / 3)
        assert float(rows[label]["worst_task_low"]) <= float(rows[label]["worst_task"])
    ended = command.within("leaderboard", "--format", "json", "--store", store, "--plugin", PLUGIN)
    (board,) = json.loads(ended.out)
    assert all("worst_task" in row["metrics"] for row in board["rows"])


def test_it_is_on_the_page(ran, command, tmp_path):
    store, _ = ran
    page = tmp_path / "board.html"
    ended = command.within("leaderboard", "--store", store, "--plugin", PLUGIN, "-o", page)
    assert (ended.status, ended.err) == (0, "")
    index = json.loads(re.search(r'<script[^>]*id="index"[^>]*>(.*?)</script>', page.read_text(), re.DOTALL)[1])
    (measure,) = [found for found in index["measures"] if found["name"] == "worst_task"]
    assert (measure["heading"], measure["about"]) == (
        "worst task",
        "Smallest error that some answer has on its worst task",
    )


def test_it_is_on_the_runs_and_in_the_views_of_mlflow(ran):
    store = Store(ran[0], create=False)
    for attempt in store.attempts():
        assert attempt.metrics["worst_task"] == round(expected(ran[0])[attempt.cell.label][attempt.cell.seed], 4)
    (experiment,) = store.experiments()
    for view in (RUNS, LEARNERS):
        assert "metrics.`worst_task`" in experiment.tags[f"mlflow.sharedViewState.{view}"]


def test_a_process_without_it_leaves_it_in_the_views(ran):
    known = INDICATORS._entries.pop("worst_task")
    try:
        (experiment,) = Store(ran[0], create=False).experiments()
        again = Store(ran[0], create=False)
        tags = again.client.get_experiment(experiment.experiment_id).tags
        for view in (RUNS, LEARNERS):
            assert "metrics.`worst_task`" in tags[f"mlflow.sharedViewState.{view}"]
    finally:
        INDICATORS._entries["worst_task"] = known


def test_it_is_a_row_of_the_long_table(ran):
    table = fr.results(ran[0])
    found = table[table["metric"] == "worst_task"]
    assert len(found) == 6
    for row in found.itertuples():
        assert row.value == expected(ran[0])[row.learner][row.seed]


def test_it_is_an_objective_whose_direction_is_known(ran):
    assert MEASURES["worst_task"].is_indicator
    assert make_objective(ObjectiveSpec(metric="worst_task")).direction == "minimize"
    with pytest.raises(ConfigError, match="minimised"):
        make_objective(ObjectiveSpec(metric="worst_task", direction="maximize"))


def test_a_study_is_judged_by_it(ran, command, tmp_path, in_process):
    file = tmp_path / "tune.yaml"
    learner = "{method: pwe-moe-ls, options: {steps: 8, upscale: model}}"
    file.write_text(
        f"name: t\nsuite: {{name: tiny, points_per_edge: 2}}\nlearners: [{learner}]\nspace: [lr]\n"
        "trials: 2\nobjectives: [worst_task]\n"
    )
    plugins = ["--plugin", command.plugin, "--plugin", PLUGIN]
    ended = command.within("tune", file, "--store", tmp_path / "store", *plugins)
    assert (ended.status, ended.err) == (0, "")
    assert "worst_task ↓" in ended.out
    trials = Store(tmp_path / "store", create=False).attempts(kind="trial")
    assert len(trials) == 2
    assert all(0 <= trial.metrics["worst_task"] <= 1 for trial in trials)


def test_fronts_that_were_scored_before_it_came_are_scored_by_it_alone(
    store, make_cell, record, monkeypatch, forgotten
):
    record(store, make_cell(), [[0.1, 0.6], [0.3, 0.3]])
    INDICATORS._entries.pop("worst_task", None)
    before = leaderboards(store)[0].rows[0].metrics
    assert "worst_task" not in before
    module, origin = import_plugin(PLUGIN)
    INDICATORS.add_from_module(module, origin)
    scored = []
    monkeypatch.setattr("frontrunner.metrics.builtin_indicators.Alignment.value", lambda self, front: scored.append(1))
    after = leaderboards(store)[0].rows[0].metrics
    assert after == before | {"worst_task": 0.3}
    assert scored == []


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("raise ZeroDivisionError('no')", r"'odd' of .* failed: ZeroDivisionError: no"),
        ("return float('nan')", "finite number, or None"),
        ("return 'much'", "failed"),
    ],
)
def test_one_that_fails_is_one_sentence_and_nothing_is_lost(body, sentence, store, make_cell, record, tmp_path):
    record(store, make_cell(), [[0.1, 0.6], [0.3, 0.3]])
    file = tmp_path / f"odd_{abs(hash(body))}.py"
    file.write_text(
        "import frontrunner as fr\nclass Odd(fr.Indicator):\n    '''Odd.'''\n    name = heading = 'odd'\n"
        f"    maximize = True\n    def value(self, scored):\n        {body}\n"
    )
    module, origin = import_plugin(file)
    INDICATORS.add_from_module(module, origin)
    try:
        with pytest.raises(ConfigError, match=sentence):
            leaderboards(store)
    finally:
        del INDICATORS._entries["odd"]
    assert leaderboards(store)[0].rows[0].metrics["hypervolume"] > 0


class TestWorstTask(IndicatorConformance):
    @pytest.fixture
    def indicator(self):
        return import_plugin(PLUGIN)[0].WorstTask()


@pytest.mark.parametrize(
    "name",
    [
        "fit_time_s",
        "front_points",
        "hypervolume_error",
        "min_error_e1",
        "train_loss",
        "seed",
        "igd_low",
        "cells_finished",
    ],
)
def test_a_name_that_is_recorded_for_something_else_is_refused_before_a_cell_runs(name, command, tmp_path):
    plugin = tmp_path / f"plugin_{name}.py"
    plugin.write_text(PLUGIN.read_text().replace('"worst_task"', repr(name)))
    try:
        ended = command.within(*command.bench(tmp_path, ["pretrained"], plugins=[plugin]))
        ended.assert_one_sentence(repr(name), "recorded for something else")
        assert not (tmp_path / "store").exists() or not Store(tmp_path / "store", create=False).attempts()
    finally:
        INDICATORS._entries.pop(name, None)


@pytest.mark.parametrize("what", ["at import", "when made", "when asked"])
def test_one_that_ends_the_process_is_one_sentence(what, command, tmp_path):
    plugin = tmp_path / f"plugin_{what.replace(' ', '_')}.py"
    body = {
        "at import": "raise SystemExit(3)\n",
        "when made": "def __init__(self): raise SystemExit(5)\nWorstTask.__init__ = __init__\n",
        "when asked": "def value(self, scored): raise SystemExit(5)\nWorstTask.value = value\n",
    }[what]
    plugin.write_text(PLUGIN.read_text() + "\n\n" + body)
    try:
        ended = command.within(*command.bench(tmp_path, ["pretrained"], plugins=[plugin]))
        ended.assert_one_sentence(plugin.stem if what == "at import" else "worst_task")
    finally:
        INDICATORS._entries.pop("worst_task", None)
