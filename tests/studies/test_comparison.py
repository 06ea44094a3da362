"""What was found, as a learner of benches and against its default on the test split."""

import dataclasses

import numpy as np
import pytest

import frontrunner as fr
from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.cells.bench_file import BenchSpec, LearnerSpec
from frontrunner.harness.records.tuned import find_tuned, find_tuned_learners
from frontrunner.harness.running.executors.local import LocalExecutor
from frontrunner.metrics.statistics import mean_interval
from frontrunner.studies.comparison import compare, comparison_bench
from frontrunner.studies.tables import comparison_table, trials_table

SEEDS = [1, 2, 3]
SUITE = {"name": "tiny", "points_per_edge": 2}


@pytest.fixture(scope="module")
def study(tuning, without_processes, tmp_path_factory):
    found = tuning(
        tmp_path_factory.mktemp("compared"),
        learners=["fussy"],
        space=["x"],
        trials=4,
        sampler={"name": "random", "seed": 3},
        early_stop=None,
        test={"seeds": SEEDS, "baselines": ["pretrained"], "goals": {"hypervolume": 0.03}},
    )
    with without_processes():
        found.run()
    return found


def run(study, bench):
    from unittest.mock import Mock

    from frontrunner.harness.reports.publish import run_and_publish_bench

    bench = find_tuned_learners(bench, study.store)
    outcomes = run_and_publish_bench(
        bench, study.store, executor=LocalExecutor(["cpu"]), plugins=[], listener=Mock()
    ).settled
    return bench, [(outcome.cell, study.store.settled(outcome.cell)) for outcome in outcomes]


def bench_of(*learners):
    return BenchSpec(name="b", suites=[SUITE], learners=list(learners))


@pytest.fixture(scope="module")
def compared(study, without_processes):
    """The comparisons by measure, and label -> {seed: recorded hypervolume}, computed from the fronts."""
    with without_processes():
        bench, attempts = run(study, comparison_bench(study.spec))
    chosen = find_tuned(study.store, "t/fussy").chosen
    rows = {
        "fussy": "fussy (default)",
        f"fussy (tuned: t/fussy, trial {chosen})": "fussy (tuned)",
    }  # on the leaderboard
    volumes = {}
    for cell, attempt in attempts:
        assert attempt.record().split == "test"
        volumes.setdefault(rows.get(cell.label, cell.label), {})[cell.seed] = attempt.record().hypervolume().value
    found = compare(study.store, bench, study.spec, study.plan.objectives)
    return {comparison.objective.measure: comparison for comparison in found}, volumes


def test_default_found_and_beside_are_run_on_the_seeds_of_test(compared):
    _, volumes = compared
    assert {label: sorted(by_seed) for label, by_seed in volumes.items()} == dict.fromkeys(
        ["fussy (default)", "fussy (tuned)", "pretrained"], SEEDS
    )


def test_numbers_are_those_computed_by_hand(compared):
    comparisons, volumes = compared
    assert set(comparisons) == {"hypervolume"}  # no distances: their reference is whatever else was run
    lines = {line.label: line for line in comparisons["hypervolume"].lines}
    for label, by_seed in volumes.items():
        values = np.array([by_seed[seed] for seed in SEEDS])
        interval = lines[label].interval
        assert interval.mean == pytest.approx(values.mean())
        unbounded = mean_interval(values)
        assert interval == dataclasses.replace(unbounded, low=max(unbounded.low, 0.0))  # no volume is negative
        assert lines[label].worst == values.min()
        assert lines[label].reached == sum(values >= 0.03)
    differences = [volumes["fussy (tuned)"][seed] - volumes["fussy (default)"][seed] for seed in SEEDS]
    found = lines["fussy (tuned)"].against_default
    assert found == mean_interval(differences)
    assert found.low < found.mean < found.high
    assert lines["fussy (default)"].against_default is lines["pretrained"].against_default is None


def test_tables_say_what_was_computed(compared, study):
    comparisons, _ = compared
    table = comparison_table(comparisons["hypervolume"], SEEDS)
    assert table.note == "Seeds 1, 2, 3; intervals by Student's t, differences paired by seed."
    assert table.heading[:3] == ["learner", "mean", "95 % interval"]
    assert "seeds ≥ 0.03" in table.heading
    row = dict(zip(table.heading, table.lines[1], strict=False))
    assert row["learner"] == "fussy (tuned)"
    tuned = comparisons["hypervolume"].lines[1]
    assert row["mean"] == f"{tuned.interval.mean:.4f}"
    assert row["tuned - default"] == f"{tuned.against_default.mean:+.4f}"
    assert table.as_markdown().count("\n| ") == len(table.lines) + 2
    trials = trials_table(study.open())
    assert "4 trials: 4 complete" in trials.note
    assert "0 (default)" in [line[0] for line in trials.lines]


def test_two_seeds_are_said_to_be_too_few(compared, study):
    spec = study.spec.model_copy(update={"test": study.spec.test.model_copy(update={"seeds": SEEDS[:2]})})
    (found,) = compare(
        study.store, find_tuned_learners(comparison_bench(spec), study.store), spec, study.plan.objectives
    )
    table = comparison_table(found, SEEDS[:2])
    at = table.heading.index("95 % interval")
    assert [line[at] for line in table.lines] == ["too few seeds"] * 3
    assert [line[-1] for line in table.lines] == ["", "too few seeds", ""]


def test_seeds_that_did_not_finish_are_left_out_of_both(compared, study):
    spec = study.spec.model_copy(update={"test": study.spec.test.model_copy(update={"seeds": [*SEEDS, 9]})})
    found = compare(study.store, find_tuned_learners(comparison_bench(spec), study.store), spec, study.plan.objectives)
    assert [line.interval.n for line in found[0].lines] == [3, 3, 3]
    assert found[0].lines[1].against_default.n == 3


def test_a_bench_runs_what_a_study_has_found(study, in_process):
    found = find_tuned(study.store, "t/fussy")
    _, ((cell, attempt),) = run(study, bench_of({"tuned": "t/fussy"}))
    assert cell.options["x"] == found.configuration().options["x"]
    assert (cell.method, cell.split, attempt.status) == ("fussy", "test", "finished")
    assert cell.label == f"fussy (tuned: t/fussy, trial {found.chosen})"
    rows = [row.label for board in leaderboards(study.store) for row in board.rows]
    assert any("tuned" in label for label in rows)


def test_another_trial_and_other_options_can_be_asked_for(study, in_process):
    found = find_tuned(study.store, "t/fussy")
    other = found.configurations[-1]
    bench = find_tuned_learners(bench_of({"tuned": "t/fussy", "trial": other.trial, "options": {"y": 2}}), study.store)
    (cell,) = bench.cells()
    assert other.trial != found.chosen
    assert (cell.options["x"], cell.options["y"]) == (other.options["x"], 2)
    assert cell.label == f"fussy (tuned: t/fussy, trial {other.trial})"
    wanted = bench_of(LearnerSpec(tuned="t/fussy", options={"x": 0.125}, label="mine"))
    (overridden,) = find_tuned_learners(wanted, study.store).learners
    assert (overridden.options["x"], overridden.label) == (0.125, "mine")


@pytest.mark.parametrize(
    ("learner", "error", "message"),
    [
        ({"tuned": "t/fusy"}, fr.UnknownNameError, "unknown finished study 't/fusy'; did you mean 't/fussy'"),
        ({"tuned": "t/fussy", "trial": 99}, fr.ConfigError, r"keeps the trials \[0, 1, 2, 3\], found 99"),
    ],
)
def test_what_no_study_has_found_is_refused(learner, error, message, study):
    with pytest.raises(error, match=message):
        find_tuned_learners(bench_of(learner), study.store)


@pytest.mark.parametrize(
    "learner", [{}, {"method": "fussy", "tuned": "t/fussy"}, {"method": "fussy", "trial": 1}], ids=str
)
def test_a_learner_has_one_origin(learner):
    with pytest.raises((fr.ConfigError, ValueError), match=r"given by method, or by tuned|beside tuned"):
        LearnerSpec.model_validate(learner)


def test_what_was_tuned_for_another_version_is_refused(study, monkeypatch):
    from frontrunner.methods import METHODS

    monkeypatch.setattr(METHODS.get("fussy"), "version", "2")
    with pytest.raises(fr.ConfigError, match="tuned version 1 of fussy, which is now at 2; tune it again"):
        find_tuned_learners(bench_of({"tuned": "t/fussy"}), study.store)
