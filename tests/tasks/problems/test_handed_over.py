"""Numbers and names that a problem is made with are taken in any type that holds them, or refused at once."""

import math

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.tasks import SUITES
from frontrunner.tasks.objectives import checked_objectives
from frontrunner.tasks.suite import Suite


class Squares(fr.Problem):
    """Two squared distances."""

    def losses(self, params, batch):
        return torch.stack([self.task_loss(t, params, batch) for t in range(self.n_tasks)])

    def task_loss(self, t, params, batch):
        return (params["weight"] - self.experts[t]["weight"]).square().sum()

    def n_examples(self, split):
        return (0,) * self.n_tasks

    def batches(self, split, batch_size, generator):
        while True:
            yield None

    def evaluate(self, params, split):
        values = self.losses(params, None).detach()
        return fr.Objectives(values, values.tolist())


def make(**numbers):
    return Squares(
        name="squares",
        model=torch.nn.Linear(2, 1, bias=False),
        pretrained={"weight": torch.zeros(1, 2)},
        experts=[{"weight": row} for row in torch.eye(2)[:, None]],
        **{"tasks": ["a", "b"], "budget": fr.Budget(steps=5, batch_size=1)} | numbers,
    )


@pytest.mark.parametrize(
    "point",
    [
        [2, 2.5],
        (2, 2.5),
        np.array([2, 2.5], np.float32),
        torch.tensor([2, 2.5]),
        torch.tensor([2, 2.5], dtype=torch.bfloat16, requires_grad=True),
        [np.float32(2), torch.tensor(2.5)],
    ],
)
def test_a_reference_point_of_any_type(point):
    found = make(reference_point=point).reference_point
    assert found.dtype == np.float64
    assert found.tolist() == [2.0, 2.5]


@pytest.mark.parametrize("number", [2, 2.0, np.float32(2), np.int64(2), torch.tensor(2.0), np.array(2)])
def test_one_number_is_the_reference_point_of_every_task(number):
    assert make(reference_point=number).reference_point.tolist() == [2.0, 2.0]


@pytest.mark.parametrize(
    "point",
    [[2], [2, 2, 2], [[2, 2]], [], [2, math.inf], [2, math.nan], math.nan, "22", ["2", "2"], [2, None], True, 2j, {}],
)
def test_other_reference_points_are_refused(point):
    with pytest.raises(fr.ConfigError, match="reference_point must"):
        make(reference_point=point)


FRONT = [[0.0, 2.0], [0.5, 0.5], [2.0, 0.0]]


@pytest.mark.parametrize("points", [FRONT, np.array(FRONT, np.float32), torch.tensor(FRONT), tuple(map(tuple, FRONT))])
def test_a_true_front_of_any_type(points):
    found = make(pareto_front=points).pareto_front
    assert found.dtype == np.float64
    assert found.tolist() == FRONT


@pytest.mark.parametrize(
    "points",
    [
        np.zeros((4, 3)),
        np.zeros((4, 1)),
        np.zeros((0, 2)),
        [0.0, 2.0],
        [[0.0, math.nan]],
        [[math.inf, 0.0]],
        [[1, 2], [3]],
    ],
)
def test_other_true_fronts_are_refused(points):
    with pytest.raises(fr.ConfigError, match="pareto_front"):
        make(pareto_front=points)


@pytest.mark.parametrize("limit", [5, 5.0, np.float32(5), np.array([5.0]), torch.tensor(5.0)])
def test_a_hypervolume_limit_of_any_type(limit):
    found = make(hypervolume_limit=limit).hypervolume_limit
    assert type(found) is float
    assert found == 5.0


@pytest.mark.parametrize("limit", [0, -1.0, math.nan, math.inf, "5", [1.0, 2.0], True])
def test_other_hypervolume_limits_are_refused(limit):
    with pytest.raises(fr.ConfigError, match="hypervolume_limit must"):
        make(hypervolume_limit=limit)


def test_a_budget_holds_plain_numbers():
    budget = fr.Budget(steps=np.int64(20), batch_size=torch.tensor(4), lr=np.float32(0.5))
    assert [type(value) for value in (budget.steps, budget.batch_size, budget.lr)] == [int, int, float]
    assert budget == fr.Budget(steps=20, batch_size=4, lr=0.5)


@pytest.mark.parametrize(
    "wrong", [{"steps": -1}, {"steps": 2.5}, {"batch_size": "8"}, {"batch_size": None}, {"lr": 0}, {"lr": math.nan}]
)
def test_other_budgets_are_refused(wrong):
    (option,) = wrong
    with pytest.raises(fr.ConfigError, match=f"{option} of a Budget must"):
        fr.Budget(**{"steps": 1, "batch_size": 1} | wrong)


@pytest.mark.parametrize(
    "values",
    [[0.25, 1], (0.25, 1), np.array([0.25, 1], np.float32), torch.tensor([0.25, 1]), [torch.tensor(0.25), np.int64(1)]],
)
def test_objectives_of_any_type(values):
    found = fr.Objectives(values, values)
    assert found.error.dtype == found.loss.dtype == np.float64
    assert found.error.tolist() == found.loss.tolist() == [0.25, 1.0]


@pytest.mark.parametrize(
    ("error", "loss"), [([1, 2], None), (None, [1, 2]), ([1, 2], [1]), ([[1, 2]], [[1, 2]]), ("12", "12"), ([], [[]])]
)
def test_other_objectives_are_refused(error, loss):
    with pytest.raises(fr.ConfigError, match="Objectives"):
        fr.Objectives(error, loss)


@pytest.mark.parametrize(
    "found", [fr.Objectives([1], [1]), fr.Objectives([1, 2, 3], [1, 2, 3]), ([1, 2], [1, 2]), None]
)
def test_what_evaluate_returns_has_an_entry_for_every_task(found):
    with pytest.raises(fr.ConfigError, match="evaluate"):
        checked_objectives(found, ["a", "b"])


def test_a_front_of_evaluated_lists_and_tensors():
    problem = make()
    pareto_set = fr.make_learner("interpolation").fit(problem, fr.simplex_grid(2, 3), fr.Context())
    front = fr.evaluate(problem, pareto_set, fr.simplex_grid(2, 3))
    np.testing.assert_allclose(front.objectives[front.preferences[:, 0] == 0.5], [[0.5, 0.5]])


@pytest.mark.parametrize("tasks", ["ab", ["a", "a"], ["a", ""], ["a", 2], ["a", None]])
def test_tasks_are_distinct_names(tasks):
    with pytest.raises(fr.ConfigError, match="tasks"):
        make(tasks=tasks)


def suite_of(**said):
    return type("Named", (Suite,), {"name": "named", "version": "1", "tasks": ("a",), "prepare": None} | said)


@pytest.mark.parametrize(("version", "text"), [(1, "1"), (1.5, "1.5"), ("2", "2"), ("1.10", "1.10")])
def test_a_version_may_be_a_number(version, text):
    suite = suite_of(version=version, tasks=["a", "b"])
    assert (suite.version, suite.tasks) == (text, ("a", "b"))
    assert suite().choose(None) == ("a", "b")


@pytest.mark.parametrize(
    "said",
    [
        {"name": ""},
        {"name": "  "},
        {"name": "Default"},
        {"name": "two\nlines"},
        {"name": "\x1b[31mred"},
        {"name": "x" * 201},
        {"name": "turned \u202e round"},
        {"name": "artifacts/b"},
        {"name": "a/artifacts/b"},
        {"name": 3},
        {"version": None},
        {"version": " "},
        {"version": True},
        {"tasks": "ab"},
        {"tasks": ("a", 2)},
        {"tasks": ("a", "")},
    ],
)
def test_a_suite_that_cannot_be_recorded_is_refused_before_it_is_prepared(said):
    with pytest.raises(fr.ConfigError, match="suite"):
        suite_of(**said)().choose(["a"])


@pytest.mark.parametrize("name", ["glue/mini", "größe mini", "c#100%", "artifacts", "a/artifacts", "my artifacts/b"])
def test_other_names_are_taken(name):
    assert suite_of(name=name)().choose(None) == ("a",)


def test_every_registered_suite_can_be_recorded():
    for name in SUITES.entries():
        if not name.startswith("tiny"):
            assert SUITES.get(name)().choose(None)
