"""What a worker records of the examples that a set is charged for."""

import numpy as np
import pytest

import frontrunner as fr
from frontrunner.harness.board.columns import text
from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.running.charged_examples import charged_examples, charged_for_experts, looked_at
from frontrunner.harness.running.checked_needs import checked_needs
from frontrunner.methods import METHODS
from frontrunner.registry import Entry
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
        ("pwe-moe-ls", {"experts": 2}, {"expert_gradient_examples": 200}),
        ("interpolation", {}, {"gradient_examples": 0, "expert_gradient_examples": 300, "forward_examples": 0}),
        ("pretrained", {}, {"gradient_examples": 0, "total_gradient_examples": 0}),
        ("random-merge", {"evaluations": 9}, {"forward_examples": 9 * 120, "total_gradient_examples": 300}),
    ],
)
def test_every_learner_is_charged_for_what_it_builds_on(method, options, expected):
    problem = tiny_problem()
    learner = fr.make_learner(method, **options)
    of_experts = charged_for_experts(learner, Known, problem.n_tasks)
    found = charged_examples(learner.needs(problem, GRID), problem, of_experts)
    assert {name: found[name] for name in expected} == expected


def test_what_nobody_knows_is_absent():
    problem = tiny_problem()
    needs = fr.make_learner("interpolation").needs(problem, GRID)
    assert charged_examples(needs, problem, None) == {
        "training_runs": 0,
        "gradient_examples": 0,
        "forward_examples": 0,
    }
    assert charged_examples(fr.Needs(labelled_examples=3), problem, 300) == {"expert_gradient_examples": 300}


def undeclared():
    """A learner of a third party that says nothing of what its fit takes."""

    class Undeclared(fr.Learner):
        name = "undeclared"

        def fit(self, problem, preferences, context):
            return fr.FiniteSet(problem.n_tasks, lambda _: problem.pretrained, ["one"], total_parameters=1)

    return Undeclared


def test_a_learner_that_declares_nothing_is_charged_for_nothing_that_is_known():
    problem = tiny_problem()
    needs = undeclared()().needs(problem, GRID)
    assert charged_examples(needs, problem, 300) == {"expert_gradient_examples": 300}
    assert looked_at(needs) == {}


def test_what_is_undeclared_is_shown_as_unknown(run_bench, tmp_path, monkeypatch):
    monkeypatch.setitem(METHODS._entries, "undeclared", Entry("undeclared", "here", undeclared()))
    store, (_, outcome) = run_bench(tmp_path, ["pretrained", "undeclared"])
    metrics = store.find(outcome.run_id).metrics
    assert not [name for name in metrics if name.endswith("_examples") or name == "full_trainings"]
    heading, *lines = text(leaderboards(store)[0])
    shown = {line[1]: [line[heading.index(name)] for name in ("needs", "examples")] for line in lines[:2]}
    assert shown == {"pretrained": ["no data", "0"], "undeclared": ["–", "–"]}


@pytest.mark.parametrize("method", [name for name, one in METHODS.entries().items() if isinstance(one.target, str)])
def test_every_learner_that_ships_declares_what_it_needs(method):
    needs = fr.make_learner(method).needs(tiny_problem(), GRID)
    assert None not in [value for name, value in vars(needs).items() if name != "training"]


@pytest.mark.parametrize("count", [-1, 2.5, "3", True, float("nan"), np.float64(2)])
@pytest.mark.parametrize("name", ["labelled_examples", "trainings", "gradient_examples"])
def test_a_count_that_is_none_is_refused(name, count):
    with pytest.raises(fr.ConfigError, match=f"{name} of Needs is a whole number of 0 or more, or None .*; found"):
        fr.Needs(**{name: count})


@pytest.mark.parametrize("steps", [(0, 5, 8), (1, -1, 8), (1, 5, 0), (1, 5.0, 8), (1, None, 8)])
def test_training_steps_that_cannot_be_are_refused(steps):
    with pytest.raises(fr.ConfigError, match=r"of TrainingSteps is a whole number of [01] or more; found"):
        fr.TrainingSteps(*steps)


def test_counts_of_numpy_become_python_s():
    assert type(fr.Needs(labelled_examples=np.int64(3)).labelled_examples) is int
    with pytest.raises(fr.ConfigError, match="training of Needs is a TrainingSteps or None, found 7"):
        fr.Needs(training=7)


@pytest.mark.parametrize("returned", [None, 48, {"labelled_examples": 3}, (1, 2), fr.Needs])
def test_what_is_no_declaration_is_refused_by_the_learner_s_name(returned):
    with pytest.raises(fr.ConfigError, match=r"needs of 'undeclared' gave .*, expected a Needs"):
        checked_needs(undeclared()(), returned)


def test_a_cell_whose_learner_declares_something_else_fails_with_that_sentence(run_bench, tmp_path, monkeypatch):
    class Odd(undeclared()):
        name = "odd"

        def fit(self, problem, preferences, context):
            found = super().fit(problem, preferences, context)
            found.needed = 48
            return found

    class Odder(Odd):
        name = "odder"

        def needs(self, problem, preferences): ...

    for one in (Odd, Odder):
        monkeypatch.setitem(METHODS._entries, one.name, Entry(one.name, "here", one))
    _, settled = run_bench(tmp_path, ["odd", "odder"])
    assert [one.ending.reason for one in settled] == [
        "the set's `needed` of 'odd' gave 48, expected a Needs",
        "needs of 'odder' gave None, expected a Needs",
    ]


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
