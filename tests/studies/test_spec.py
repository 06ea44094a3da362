"""The YAML of a tuning, and the tunings that are shipped."""

from pathlib import Path

import pytest
import yaml

import frontrunner as fr
from frontrunner.harness.cells.bench_file import read_bench
from frontrunner.studies.comparison import comparison_bench
from frontrunner.studies.spec import HeldOutSpec, read_tune
from frontrunner.studies.study import Plan

SHIPPED = Path(__file__).parents[2] / "studies"
TUNINGS = sorted(file.stem for file in SHIPPED.glob("*.yaml") if "trials" in yaml.safe_load(file.read_text()))


def read(folder, **changes):
    content = {"name": "t", "suite": "tiny", "learners": ["pwe-moe-ls"], "trials": 3} | changes
    file = folder / "tune.yaml"
    file.write_text(yaml.safe_dump({key: value for key, value in content.items() if value is not ...}))
    return read_tune(file)


def test_there_are_shipped_tunings():
    assert {"router", "router-vision-mini"} <= set(TUNINGS)


@pytest.mark.parametrize("name", TUNINGS)
def test_a_shipped_tuning_can_be_planned(name):
    spec = read_tune(SHIPPED / f"{name}.yaml")
    for learner in spec.learners:
        plan = Plan.of(spec, learner)
        assert plan.space.size() > 1
        assert {cell.split for cell in plan.cells({}, "")} == {"val"}
    assert len(comparison_bench(spec).learners) == 2 * len(spec.learners) + len(spec.test.baselines)


@pytest.mark.parametrize("name", TUNINGS)
def test_a_tuning_is_no_bench_and_is_told_so(name):
    with pytest.raises(fr.ConfigError, match="unknown key"):
        read_bench(SHIPPED / f"{name}.yaml")


def test_short_forms_are_read(tmp_path):
    spec = read(tmp_path, objectives=["igd"], space=["lr"], test={"seeds": [1], "baselines": ["interpolation"]})
    assert (spec.suite.name, spec.learners[0].method) == ("tiny", "pwe-moe-ls")
    assert [objective.metric for objective in spec.objectives] == ["igd"]
    assert spec.space == {"lr": None}
    assert spec.test.baselines[0].method == "interpolation"
    assert spec.study_name(spec.learners[0]) == "t/pwe-moe-ls"


def test_what_is_left_out_is_one_seed_hypervolume_tpe_and_early_stop(tmp_path):
    spec = read(tmp_path)
    assert (spec.seeds, [o.metric for o in spec.objectives]) == ([0], ["hypervolume"])
    assert (spec.sampler.name, spec.sampler.seed) == ("tpe", 0)
    assert spec.gives_up.percentile == 50
    assert read(tmp_path, early_stop=None).gives_up is None
    assert read(tmp_path, objectives=["hypervolume", "fit_time_s"]).gives_up is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trails": 3, "trials": ...}, r"unknown key 'trails'; did you mean 'trials'\?"),
        ({"sampler": {"nam": "tpe"}}, r"unknown key 'sampler.nam'; did you mean 'name'\?"),
        ({"early_stop": {"probs": 3}}, r"'early_stop.probs'; did you mean 'probes'\?"),
        ({"space": {"lr": {"low": 1, "hihg": 2}}}, r"hihg.*did you mean 'high'\?"),
        ({"learners": [{"method": "pwe-moe-ls", "option": {}}]}, r"'learners.0.option'; did you mean 'options'\?"),
        ({"test": {"seed": [1]}}, r"'test.seed'; did you mean 'seeds'\?"),
        ({"trials": ...}, "the key 'trials' is missing"),
        ({"trials": 0}, "trials: .*1, found 0"),
        ({"seeds": []}, r"seeds: .*found \[\]"),
        ({"seeds": [1, 1]}, r"seeds must differ from each other, found \[1, 1\]"),
        ({"learners": ["pwe-moe-ls", "pwe-moe-ls"]}, "learners must differ .* may have a label"),
        ({"objectives": ["igd", "igd"]}, "objectives must differ"),
        ({"sampler": {"name": "tpee"}}, "sampler.name: .*'tpe'.*found 'tpee'"),
        ({"early_stop": {"percentile": 100}}, "early_stop.percentile: .*found 100"),
        ({"name": "a/b"}, "name: .*found 'a/b'"),
        ({"objectives": [{"metric": "x", "direction": "up"}]}, "direction: .*found 'up'"),
        ({"test": {"seeds": []}}, "test.seeds"),
        ({"learners": "pwe-moe-ls"}, "learners: .*list, found 'pwe-moe-ls'"),
        ({"learners": []}, r"learners: .*found \[\]"),
        ({"space": [{"lr": [1, 2]}]}, "space: .*found"),
        ({"space": {"lr": {"low": 1, "high": float("inf")}}}, "space.lr.high: .*found inf"),
        ({"space": {"lr": {"low": 1, "high": 2, "step": 0}}}, "space.lr.step: .*found 0"),
        ({"sampler": {"seed": -1}}, "sampler.seed: .*found -1"),
        ({"test": {"seeds": [0, 1]}}, r"seeds of test must be others than those of trials, which see \[0\] too"),
        ({"test": {"seeds": [1, 1]}}, "seeds of test must differ"),
        ({"test": {"seeds": [1], "goals": {"igd": float("nan")}}}, "test.goals.igd: .*found nan"),
        ({"test": {"seeds": [1], "baselines": 5}}, "test.baselines: .*found 5"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_key(changes, message, tmp_path):
    with pytest.raises(fr.ConfigError, match=message) as error:
        read(tmp_path, **changes)
    assert "\n" not in str(error.value)


def test_a_key_given_twice_is_refused(tmp_path):
    (tmp_path / "tune.yaml").write_text("name: a\nsuite: tiny\nlearners: [pretrained]\ntrials: 3\ntrials: 4\n")
    with pytest.raises(fr.ConfigError, match="the key 'trials' is given twice"):
        read_tune(tmp_path / "tune.yaml")


def test_a_label_keeps_two_of_one_method_apart(tmp_path):
    spec = read(tmp_path, learners=["pwe-moe-ls", {"method": "pwe-moe-ls", "label": "second"}])
    assert [spec.study_name(learner) for learner in spec.learners] == ["t/pwe-moe-ls", "t/second"]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"learners": ["pwe-moe"]}, fr.UnknownNameError, "pwe-moe-ls"),
        ({"suite": "tinny"}, fr.UnknownNameError, "did you mean 'tiny'"),
        ({"suite": {"name": "tiny", "tasks": ["task9"]}}, fr.UnknownNameError, "task9"),
        ({"objectives": ["hypervolum"]}, fr.ConfigError, "is none of hypervolume"),
        ({"sampler": {"name": "tpe", "options": {"x": 1}}}, fr.ConfigError, "cannot work with the options"),
        ({"space": ["stpes"]}, fr.UnknownNameError, "did you mean 'steps'"),
    ],
)
def test_names_are_checked_before_anything_runs(changes, error, message, tmp_path):
    spec = read(tmp_path, **changes)
    with pytest.raises(error, match=message):
        Plan.of(spec, spec.learners[0])


def test_a_tuning_on_layers_is_another_study(tmp_path):
    plain = read(tmp_path, suite={"name": "tiny", "points_per_edge": 2})
    layered = read(tmp_path, suite={"name": "tiny", "points_per_edge": 2, "inner_points_per_edge": 3})
    plans = [Plan.of(spec, spec.learners[0]) for spec in (plain, layered)]
    assert [cell.inner_points_per_edge for plan in plans for cell in plan.cells({}, "")] == [0, 3]
    assert [plan.settings()["suite"].get("inner_points_per_edge") for plan in plans] == [None, 3]
    tested = layered.model_copy(update={"learners": [], "test": HeldOutSpec(seeds=[9], baselines=["interpolation"])})
    assert plans[0].digest != plans[1].digest
    assert {cell.inner_points_per_edge for cell in comparison_bench(tested).cells()} == {3}
