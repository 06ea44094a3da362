"""What a worker records of the examples that a set is charged for."""

import pytest

import frontrunner as fr
from frontrunner.harness.running.charged_examples import charged_examples, charged_per_expert
from frontrunner.tasks import SUITES
from frontrunner.tasks.cnn_mini import cnn_mini_suite
from frontrunner.tasks.text_mini import text_mini_suite
from frontrunner.tasks.vision_mini import vision_mini_suite
from frontrunner.testing import tiny_problem

GRID = fr.simplex_grid(3, 3)
PER_STEP = 3 * 8


class Known(fr.Suite):
    """A suite whose experts took a hundred examples each."""

    expert_examples = 100

    def prepare(self, tasks, *, device, seed, progress):
        raise NotImplementedError


@pytest.mark.parametrize(
    ("method", "options", "expected"),
    [
        ("ls", {}, {"training_runs": 6, "training_steps": 30, "gradient_examples": 6 * 30 * PER_STEP}),
        ("ls", {"steps": 5}, {"training_runs": 6, "training_steps": 5, "gradient_examples": 6 * 5 * PER_STEP}),
        ("mgda", {}, {"training_runs": 1, "training_steps": 30, "gradient_examples": 30 * PER_STEP}),
        ("phn-hvi", {"samples": 4}, {"training_runs": 1, "gradient_examples": 4 * 30 * PER_STEP}),
        ("pamal", {}, {"expert_gradient_examples": 0, "total_gradient_examples": 30 * PER_STEP}),
        ("pamal", {"start": "experts"}, {"expert_gradient_examples": 300}),
        ("pwe-moe-ls", {}, {"expert_gradient_examples": 300, "total_gradient_examples": 300 + 30 * PER_STEP}),
        ("interpolation", {}, {"gradient_examples": 0, "expert_gradient_examples": 300, "forward_examples": 0}),
        ("pretrained", {}, {"gradient_examples": 0, "total_gradient_examples": 0}),
        ("random-merge", {"evaluations": 9}, {"forward_examples": 9 * 120, "total_gradient_examples": 300}),
    ],
)
def test_every_learner_is_charged_for_what_it_builds_on(method, options, expected):
    problem = tiny_problem()
    learner = fr.make_learner(method, **options)
    found = charged_examples(learner.needs(problem, GRID), problem, charged_per_expert(learner, Known))
    assert {name: found[name] for name in expected} == expected


def test_what_nobody_knows_is_absent():
    problem = tiny_problem()
    needs = fr.make_learner("interpolation").needs(problem, GRID)
    assert charged_examples(needs, problem, None) == {"gradient_examples": 0, "forward_examples": 0}
    assert charged_examples(fr.Needs(labelled_examples=3), problem, 100) == {"expert_gradient_examples": 300}


def test_objectives_without_data_have_steps_and_no_examples():
    problem = fr.load_problem("merging-toy", ["e1", "e2", "e3"])
    needs = fr.make_learner("cosmos", steps=7).needs(problem, GRID)
    assert charged_examples(needs, problem, None) == {"training_runs": 1, "training_steps": 7}


@pytest.mark.parametrize("module", [vision_mini_suite, cnn_mini_suite, text_mini_suite])
def test_suites_that_fine_tune_their_experts_know_what_that_took(module):
    suite = module.__name__.rpartition(".")[2].removesuffix("_suite").replace("_", "-")
    assert SUITES.get(suite).expert_examples == module.EXPERT.steps * module.EXPERT.batch_size


def test_experts_in_closed_form_took_nothing_that_is_known():
    assert SUITES.get("zdt1").expert_examples is None


def test_a_worker_records_them(run_bench, tmp_path):
    cosmos = {"method": "cosmos", "options": {"steps": 2, "batch_size": 4}}
    store, outcomes = run_bench(tmp_path, ["experts", cosmos])
    expected = [
        {"gradient_examples": 0, "forward_examples": 0},
        {"training_runs": 1, "training_steps": 2, "gradient_examples": 24, "expert_gradient_examples": 0},
    ]
    recorded = [store.find(outcome.run_id).metrics for outcome in outcomes]
    for metrics, counts in zip(recorded, expected, strict=True):
        assert {name: metrics[name] for name in counts} == counts
    assert "expert_gradient_examples" not in recorded[0]  # the suite does not say


def test_a_record_counts_the_steps_that_were_taken(run_bench, tmp_path):
    options = {"lr": 1e-2, "batch_size": 8, "check_every": 5, "patience": 1, "steps": 5000}
    store, (outcome,) = run_bench(tmp_path, [{"method": "multi-task", "options": options}])
    metrics = store.find(outcome.run_id).metrics
    assert metrics["training_steps"] < 5000
    assert metrics["gradient_examples"] == 3 * 8 * metrics["training_steps"]
