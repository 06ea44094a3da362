"""A bench's budgets: every learner that trains by steps is run at each of them."""

from pathlib import Path

import pytest

import frontrunner as fr
from frontrunner.harness.cells.bench_file import BenchSpec, read_bench
from frontrunner.harness.cells.budgets import without_budget
from frontrunner.methods import METHODS
from frontrunner.tasks import SUITES

STUDIES = Path(fr.__file__).parent / "studies"
SUITE = {"name": "vision-mini", "tasks": ["digits", "fashion"], "points_per_edge": 5}
"""Two tasks, five preferences, 16 examples a task and step, experts of 19,200 examples each."""


def cells(learners, **budgets):
    spec = {"name": "b", "suites": [SUITE], "learners": learners, "budgets": budgets}
    return BenchSpec.model_validate(spec).cells()


def steps(learner, **budgets):
    return [cell.options.get("steps") for cell in cells([learner], **budgets)]


@pytest.mark.parametrize(
    ("learner", "budgets", "expected"),
    [
        ("cosmos", {"steps": [100, 400]}, [100, 400]),
        ("ls", {"steps": [100, 400]}, [100, 400]),
        ("cosmos", {"total_steps": [100, 400]}, [100, 400]),
        ("ls", {"total_steps": [100, 403]}, [20, 80]),
        ("mgda", {"total_steps": [100]}, [100]),
        ("phn-hvi", {"total_steps": [100]}, [100]),
        ("cosmos", {"total_examples": [64_000]}, [2000]),
        ("ls", {"total_examples": [64_000]}, [400]),
        ({"method": "phn-hvi", "options": {"samples": 4}}, {"total_examples": [64_000]}, [500]),
        ({"method": "cosmos", "options": {"batch_size": 8}}, {"total_examples": [64_000]}, [4000]),
        ("pwe-moe-ls", {"total_examples": [128_000]}, [800]),
        ({"method": "pamal", "options": {"start": "experts"}}, {"total_examples": [128_000]}, [800]),
        ("pwe-moe-ls", {"total_examples": [102_432]}, [1]),
        ("interpolation", {"steps": [100, 400]}, [None]),
        ({"method": "cosmos", "options": {"steps": 7}}, {"steps": [100, 400]}, [7]),
    ],
)
def test_steps_at_a_budget(learner, budgets, expected):
    assert steps(learner, **budgets) == expected


@pytest.mark.parametrize(
    ("budgets", "labels"),
    [
        ({"steps": [100, 1600]}, ["mine (100 steps)", "mine (1,600 steps)"]),
        ({"total_steps": [100, 1600]}, ["mine (100 steps in all)", "mine (1,600 steps in all)"]),
        ({"total_examples": [64_000, 128_000]}, ["mine (64,000 examples in all)", "mine (128,000 examples in all)"]),
        ({"total_examples": [64_000]}, ["mine"]),
    ],
)
def test_labels_say_the_budget_where_there_are_several(budgets, labels):
    found = cells([{"method": "ls", "label": "mine"}], **budgets)
    assert [cell.label for cell in found] == labels
    assert {without_budget(cell.label, cell.options) for cell in found} == {"mine"}


def test_a_label_that_only_looks_so_keeps_what_looks_like_a_budget():
    (cell,) = cells([{"method": "interpolation", "label": "mine (5 steps)"}], steps=[100, 1600])
    assert without_budget(cell.label, cell.options) == cell.label == "mine (5 steps)"


def test_a_cell_at_a_budget_is_that_of_a_bench_that_gives_the_steps():
    (at_budget,) = cells(["cosmos"], steps=[300])
    spec = {"name": "b", "suites": [SUITE], "learners": [{"method": "cosmos", "options": {"steps": 300}}]}
    (listed,) = BenchSpec.model_validate(spec).cells()
    assert at_budget.key == listed.key


@pytest.mark.parametrize(
    ("learner", "budgets", "message"),
    [
        ("ls", {"total_steps": [4]}, "expected 5 or more for ls on vision-mini, .* (5) takes a step; found 4"),
        ("pwe-moe-ls", {"total_examples": [38_400]}, "expected 102,432 or more .* beside the experts' fine-tuning"),
        ("cosmos", {"steps": [100], "total_steps": [100]}, "one of .*, found steps and total_steps"),
        ("cosmos", {}, "one of .*, found none"),
    ],
)
def test_budgets_that_cannot_be_are_one_sentence(learner, budgets, message):
    with pytest.raises((fr.ConfigError, ValueError), match=message.replace("(5)", r"\(5\)")):
        cells([learner], **budgets)


def test_what_nobody_knows_of_experts_is_an_error(monkeypatch):
    monkeypatch.setattr(SUITES.get("vision-mini"), "expert_examples", None)
    with pytest.raises(fr.ConfigError, match="vision-mini does not say what their fine-tuning took"):
        cells(["pwe-moe-ls"], total_examples=[64_000])


@pytest.mark.parametrize("suite", ["zdt1", "vlmop2", "dtlz2", "convex-toy", "merging-toy"])
@pytest.mark.parametrize("learner", ["cosmos", "pwe-moe-ls", "ls"])
def test_examples_are_no_budget_where_there_are_none(suite, learner):
    spec = {"name": "b", "suites": [suite], "learners": [learner], "budgets": {"total_examples": [64_000]}}
    with pytest.raises(fr.ConfigError, match=f"{suite} has no examples, .*; give budgets as steps or total_steps"):
        BenchSpec.model_validate(spec).cells()
    assert BenchSpec.model_validate({**spec, "budgets": {"total_steps": [64_000]}}).cells()


@pytest.mark.parametrize("unit", ["steps", "total_steps", "total_examples"])
@pytest.mark.parametrize(
    ("amounts", "said"),
    [
        ("[true]", "a budget is a whole number from 1 to 1,000,000,000,000, found True"),
        ("['10']", "found '10'"),
        ("[10.0]", "found 10.0"),
        ("[0]", "found 0"),
        ("[-3]", "found -3"),
        ("[10000000000000000000000]", "found 10000000000000000000000"),
        ("[100, 10, 100]", "each budget is listed once, found 100 more than once"),
        ("[[10]]", r"found \[10\]"),
        ("[null]", "found None"),
        ("10", "list"),
        ("[]", "at least 1 item"),
    ],
)
def test_an_amount_that_cannot_be_is_one_sentence(unit, amounts, said, tmp_path):
    file = tmp_path / "bench.yaml"
    file.write_text(f"name: b\nsuites: [zdt1]\nlearners: [cosmos]\nbudgets: {{{unit}: {amounts}}}\n")
    with pytest.raises(fr.ConfigError, match=rf"budgets.*{said}") as caught:
        read_bench(file)
    assert "mistakes" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("returned", [48, (1, 400, 16), {"runs": 1}, "many", fr.TrainingSteps, fr.Needs()])
def test_what_is_no_number_of_steps_is_refused_by_the_learner_s_name(returned, monkeypatch):
    monkeypatch.setattr(METHODS.get("cosmos"), "training_steps", lambda *_: returned)
    with pytest.raises(
        fr.ConfigError, match=r"training_steps of 'cosmos' returned .*, expected a TrainingSteps or None"
    ):
        cells(["cosmos"], total_steps=[100])


@pytest.mark.parametrize("error", [KeyError("lr"), TypeError("no"), ZeroDivisionError()])
def test_training_steps_that_fail_are_one_sentence(error, monkeypatch):
    def fail(*_):
        raise error

    monkeypatch.setattr(METHODS.get("cosmos"), "training_steps", fail)
    with pytest.raises(fr.PluginError, match=f"training_steps of 'cosmos' failed: {type(error).__name__}"):
        cells(["cosmos"], total_examples=[64_000])


def test_a_misspelt_unit_is_named(tmp_path):
    file = tmp_path / "bench.yaml"
    file.write_text("name: b\nsuites: [zdt1]\nlearners: [cosmos]\nbudgets: {total_step: [3]}\n")
    with pytest.raises(fr.ConfigError, match="total_steps"):
        read_bench(file)


def shipped_with_steps():
    """Methods that ship with Frontrunner and train by steps; other tests may have registered plugins."""
    shipped = [name for name in fr.list_methods() if METHODS.get(name).__module__.startswith("frontrunner.methods.")]
    return {name for name in shipped if "steps" in vars(fr.make_learner(name).config)}


def test_the_study_of_equal_budgets_charges_everybody_alike():
    found = [cell for cell in read_bench(STUDIES / "equal-budget.yaml").cells() if cell.seed == 0]
    suite = SUITES.get("vision-mini")
    methods = {cell.method for cell in found}
    trained = 0
    for cell in found:
        learner = cell.learner()
        training = learner.training_steps(suite.budget, cell.preferences())
        if training is None or "a preference" in cell.label or cell.method == "multi-task":  # which goes on to its end
            continue
        trained += 1
        a_step = training.runs * training.examples_per_step
        total = training.steps * a_step + (len(cell.tasks) * suite.expert_examples if learner.uses_experts else 0)
        assert 230_400 - a_step < total <= 230_400, cell.label
    assert trained > 15
    assert shipped_with_steps() <= methods


def test_the_study_of_budgets_runs_every_learner_with_steps_at_each():
    found = [cell for cell in read_bench(STUDIES / "budget.yaml").cells() if cell.seed == 0]
    of_cosmos = [cell.options["steps"] for cell in found if cell.method == "cosmos"]
    assert of_cosmos == [100, 400, 1600, 3200]
    assert [cell.options["steps"] for cell in found if cell.method == "stch"] == [7, 30, 123, 246]
    assert shipped_with_steps() <= {cell.method for cell in found}


def test_a_label_is_that_of_one_learner_at_whatever_steps():
    def bench(*learners):
        return BenchSpec.model_validate({"name": "b", "suites": ["convex-toy"], "learners": learners})

    first = {"method": "ls", "options": {"steps": 10}, "label": "mine"}
    bench(first, {"method": "ls", "options": {"steps": 20}, "label": "mine"}, {"method": "ls"}, {"method": "ls"})
    for other in ({"method": "epo"}, {"method": "ls", "options": {"lr": 0.1}}):
        with pytest.raises(ValueError, match="two learners are called 'mine'; give each a label of its own"):
            bench(first, {**other, "label": "mine"})
    with pytest.raises(ValueError, match="two learners are called 'ls'"):
        bench({"method": "ls"}, {"method": "epo", "label": "ls"})
    with pytest.raises(ValueError, match="two learners are called 'found'"):
        bench(*({"tuned": "study", "trial": trial, "label": "found"} for trial in (1, 2)))
