"""Searches of merge coefficients, on objectives |x - e_i|^2 over the merges of the unit vectors e_i.

The Pareto set is the simplex, and the merge's coefficients are x itself.
"""

import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.methods.coefficient_search.evolution import evolve, evolve_and_keep, reference_points
from frontrunner.methods.coefficient_search.expected_improvement import most_promising
from frontrunner.methods.coefficient_search.mobo_merge import augmented_tchebycheff
from frontrunner.methods.coefficient_search.quadratic_surrogate import QuadraticSurrogate, n_quadratic_terms
from frontrunner.methods.coefficient_search.searched_set import SearchedSet

GRID = fr.simplex_grid(3, 5)
SHORT = {
    "map": {"evaluations": 20, "generations": 40},
    "nsga2-merge": {"population": 10, "generations": 4},
    "mobo-merge": {"evaluations": 11},
    "random-merge": {"evaluations": 20},
}


class Points(fr.Problem):
    """|x - e_i|^2, which remembers the splits it was evaluated on."""

    def __init__(self, n_tasks=3):
        model = torch.nn.Module()
        model.x = torch.nn.Parameter(torch.zeros(n_tasks))
        super().__init__(
            name="points",
            tasks=[f"task{t}" for t in range(n_tasks)],
            model=model,
            pretrained={"x": torch.zeros(n_tasks)},
            experts=[{"x": row} for row in torch.eye(n_tasks)],
            budget=fr.Budget(steps=1, batch_size=1),
            reference_point=np.full(n_tasks, 2.0),
        )
        self.splits = []

    def losses(self, params, batch):
        return ((params["x"] - torch.eye(self.n_tasks)) ** 2).sum(dim=1)

    def task_loss(self, t, params, batch):
        return self.losses(params, batch)[t]

    def batches(self, split, batch_size, generator):
        while True:
            yield None

    def n_examples(self, split):
        return (0,) * self.n_tasks

    def evaluate(self, params, split):
        self.splits.append(split)
        values = self.losses(params, None).numpy().astype(float)
        return fr.Objectives(values, values)


def fitted(method, problem, context=None, **options):
    return fr.make_learner(method, **{**SHORT[method], **options}).fit(problem, GRID, context or fr.Context())


def hypervolume(problem, pareto_set, grid):
    return fr.hypervolume(fr.evaluate(problem, pareto_set, grid), problem.reference_point).value


@pytest.mark.parametrize(
    ("method", "options", "share"),
    [
        ("map", {"generations": 100}, 0.92),
        ("nsga2-merge", {"population": 20, "generations": 20}, 0.9),
        ("mobo-merge", {"evaluations": 16}, 0.7),
        ("random-merge", {"evaluations": 400}, 0.8),
    ],
)
def test_the_front_is_close_to_the_true_one(method, options, share):
    problem, grid = Points(), fr.simplex_grid(3, 13)
    true = fr.make_learner("interpolation").fit(problem, grid, fr.Context())
    assert hypervolume(problem, fitted(method, problem, **options), grid) > share * hypervolume(problem, true, grid)


def test_random_merge_answers_with_the_best_of_its_draws():
    found = fitted("random-merge", Points(), fr.Context(seed=5), evaluations=30, max_coefficient=0.8)
    drawn = fr.Context(seed=5).rng("coefficients").uniform(0, 0.8, size=(26, 3))
    points = np.vstack([np.eye(3) * 0.8, np.full((1, 3), 1 / 3), drawn])
    np.testing.assert_array_equal(found.coefficients, points)
    objectives = bowls(points)
    np.testing.assert_allclose(found.objectives, objectives, rtol=1e-6)
    kept = np.flatnonzero(fr.Front(objectives).non_dominated_mask)
    least = objectives[kept].min(axis=0)
    regrets = (objectives[kept] - least) / (objectives[kept].max(axis=0) - least)
    for preference in GRID:
        best = kept[(preference * regrets).max(axis=1).argmin()]
        np.testing.assert_allclose(found.solve(preference)["x"].numpy(), points[best], rtol=1e-6)


@pytest.mark.parametrize(("method", "options"), [("map", {"evaluations": 20}), ("mobo-merge", {"evaluations": 16})])
def test_a_model_of_the_objectives_beats_as_many_random_merges(method, options):
    problem = Points()
    found = fitted(method, problem, start_with_experts=False, **options)
    random = np.random.default_rng(0).random((int(found.diagnostics()["evaluations"]), 3))
    objectives = ((random[:, None] - np.eye(3)) ** 2).sum(axis=2)
    reached, by_chance = (
        fr.hypervolume(fr.Front(points), problem.reference_point).value for points in (found.objectives, objectives)
    )
    assert reached > by_chance


def test_what_survives_evolution_lies_by_the_pareto_set():
    first = np.random.default_rng(0).random((40, 3))
    survivors = evolve(
        lambda points: ((points[:, None] - np.eye(3)) ** 2).sum(axis=2),
        first,
        lowest=0.0,
        highest=1.0,
        generations=50,
        seed=0,
    )
    # Off the simplex by d, every objective is d^2 / 3 above that of the nearest point on the plane of the simplex.
    excesses = [((points.sum(axis=1) - 1) ** 2).mean() / 3 for points in (first, survivors)]
    assert excesses[1] < 0.2 * excesses[0]


def bowls(points):
    return ((points[:, None] - np.eye(3)) ** 2).sum(axis=2)


@pytest.mark.parametrize("seed", [0, 1])
def test_all_that_evolution_found_and_nothing_dominates_is_kept(seed):
    seen = []

    def evaluate(points):
        seen.append(points)
        return bowls(points)

    first = np.random.default_rng(seed).random((20, 3))
    points, objectives = evolve_and_keep(evaluate, first, lowest=0.0, highest=1.0, generations=30, seed=seed)
    everything = np.vstack(seen)
    np.testing.assert_allclose(objectives, bowls(points))
    assert len(points) > 3 * len(first)
    assert len(points) == fr.Front(bowls(everything)).non_dominated_mask.sum()
    assert {tuple(point) for point in points} <= {tuple(point) for point in everything}


def test_the_first_generation_is_the_given_one_and_all_are_of_its_size(capfd):
    seen = []
    first = np.random.default_rng(0).random((5, 3))  # fewer than the nine reference points
    evolve_and_keep(
        lambda points: seen.append(points) or bowls(points), first, lowest=0.0, highest=1.0, generations=4, seed=0
    )
    assert [len(points) for points in seen] == [5] * 4
    np.testing.assert_array_equal(seen[0], first)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("seed", [0, 1])
def test_evolution_repeats_itself_and_stays_in_the_box(seed):
    first = np.random.default_rng(seed).uniform(-0.5, 0.7, (10, 3))
    once, again = (
        evolve_and_keep(bowls, first, lowest=-0.5, highest=0.7, generations=8, seed=seed)[0] for _ in range(2)
    )
    np.testing.assert_array_equal(once, again)
    assert -0.5 <= once.min() <= once.max() <= 0.7


@pytest.mark.parametrize(("n_tasks", "n"), [(2, 5), (3, 9), (8, 44)])
def test_reference_points_lie_in_two_layers_on_the_simplex(n_tasks, n):
    points = reference_points(n_tasks)
    assert points.shape == (n, n_tasks)
    np.testing.assert_allclose(points.sum(axis=1), 1.0)
    assert len(np.unique(points.round(9), axis=0)) == n
    corners = np.eye(n_tasks)
    for layer in (corners, (corners + corners[0]) / 2, corners / 2 + 0.5 / n_tasks):
        distances = np.abs(points[:, None] - layer).max(axis=2)
        np.testing.assert_allclose(distances.min(axis=0), 0.0, atol=1e-12)


def test_the_surrogates_of_quadratics_are_exact():
    found = fitted("map", Points())
    diagnostics = found.diagnostics()
    assert [diagnostics[f"surrogate_r2_{t}"] for t in range(3)] == pytest.approx([1, 1, 1], abs=1e-6)
    exact = ((found.coefficients[:, None] - np.eye(3)) ** 2).sum(axis=2)
    np.testing.assert_allclose(found.objectives, exact, atol=1e-5)


def test_a_sigmoid_fits_rates_that_a_quadratic_cannot():
    points = np.random.default_rng(0).random((40, 2))
    rates = 1 / (1 + np.exp(-(8 * points - 4 + 3 * points[:, :1] * points[:, 1:])))
    plain, warped = (QuadraticSurrogate.fit(points, rates, sigmoid=sigmoid) for sigmoid in (False, True))
    assert warped.determination(points, rates) == pytest.approx([1, 1], abs=1e-6)
    assert (plain.determination(points, rates) < 0.9999).all()


@pytest.mark.parametrize("method", SHORT)
def test_a_corner_gets_the_member_that_is_best_on_its_task(method):
    problem = Points()
    found = fitted(method, problem)
    for t, corner in enumerate(np.eye(3)):
        reached = ((found.solve(corner)["x"].numpy() - np.eye(3)[t]) ** 2).sum()
        assert reached == pytest.approx(found.objectives[:, t].min(), abs=1e-5)


def test_ties_go_to_the_member_no_other_dominates():
    objectives = np.array([[0.1, 0.9], [0.1, 0.5], [0.4, 0.2], [0.4, 0.2]])
    found = SearchedSet(lambda c: {"c": torch.tensor(c)}, np.eye(4)[:, :2], objectives, total_parameters=0)
    assert found.diagnostics()["non_dominated_members"] == 2
    assert found.solve([1, 0])["c"].tolist() == [0, 1]
    assert found.solve([0, 1])["c"].tolist() == [0, 0]


@pytest.mark.parametrize("method", SHORT)
def test_only_the_validation_split_is_looked_at_as_often_as_said(method):
    problem = Points()
    learner = fr.make_learner(method, **SHORT[method])
    found = learner.fit(problem, GRID, fr.Context())
    assert set(problem.splits) == {"val"}
    assert len(problem.splits) == learner.evaluations(3) == found.diagnostics()["evaluations"]


@pytest.mark.parametrize("method", SHORT)
def test_interrupted_and_resumed_equals_undisturbed(method, tmp_path):
    def stop(activity, step, total, **metrics):
        if step == 9:
            raise KeyboardInterrupt

    undisturbed = fitted(method, Points())
    checkpoints = fr.Checkpoints(tmp_path, interval_s=0)
    with pytest.raises(KeyboardInterrupt):
        fitted(method, Points(), fr.Context(checkpoints=checkpoints, progress=stop))
    again = Points()
    resumed = fitted(method, again, fr.Context(checkpoints=checkpoints))
    assert len(again.splits) == undisturbed.diagnostics()["evaluations"] - 9
    for name, tensor in undisturbed.state().items():
        assert torch.equal(tensor, resumed.state()[name])


@pytest.mark.parametrize("method", SHORT)
def test_coefficients_stay_in_the_box(method):
    coefficients = fitted(method, Points(), min_coefficient=-0.2, max_coefficient=0.6).coefficients
    assert coefficients.min() >= -0.2
    assert coefficients.max() <= 0.6


@pytest.mark.parametrize(("method", "evaluations"), [("map", 30), ("nsga2-merge", 200), ("random-merge", 200)])
def test_every_evaluation_takes_the_validation_split(tiny, method, evaluations):
    held = sum(tiny.n_examples("val"))
    needs = fr.make_learner(method).needs(tiny, GRID)
    assert needs == fr.Needs(labelled_examples=held, gradient_examples=0, forward_examples=evaluations * held)


def test_expected_improvement_leads_into_a_bowl():
    points = np.random.default_rng(0).random((12, 2))
    values = ((points - 0.4) ** 2).sum(axis=1)
    found = most_promising(points, values, lowest=0.0, highest=1.0, seed=0)
    assert ((found - 0.4) ** 2).sum() < values.min()


def test_the_augmented_tchebycheff_function_in_closed_form():
    values = augmented_tchebycheff(np.array([[0.0, 2.0], [4.0, 0.0], [1.0, 1.0]]), np.array([0.25, 0.75]))
    np.testing.assert_allclose(values, [0.75 * 1.05, 0.25 * 1.05, 0.375 + 0.05 * (0.0625 + 0.375)])


@pytest.mark.parametrize(("n_tasks", "terms"), [(2, 6), (3, 10), (8, 45)])
def test_too_few_evaluations_for_a_quadratic_are_refused(n_tasks, terms):
    assert n_quadratic_terms(n_tasks) == terms
    learner = fr.make_learner("map", evaluations=terms - 1)
    with pytest.raises(fr.ConfigError, match=f"{terms} or more.*found evaluations = {terms - 1}"):
        learner.fit(Points(n_tasks), np.eye(n_tasks), fr.Context())


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        ("map", {"min_coefficient": 1.0}, "below max_coefficient, found 1.0 and 1.0"),
        ("map", {"sigmoid": True}, r"objectives in \[0, 1\]"),
        ("nsga2-merge", {"population": 1}, "population must be 2 or more, found 1"),
        ("mobo-merge", {"evaluations": 8}, "above 8, .* found evaluations = 8"),
    ],
)
def test_options_that_cannot_be_are_refused(method, options, message):
    with pytest.raises(fr.ConfigError, match=message):
        fitted(method, Points(), **options)


def test_a_state_of_another_problem_is_refused():
    state = fitted("nsga2-merge", Points()).state()
    with pytest.raises(fr.ConfigError, match="does not fit"):
        fr.make_learner("nsga2-merge").restore(Points(2), state, np.eye(2), fr.Context())
