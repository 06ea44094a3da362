import numpy as np
import pytest
import torch

import frontrunner as fr
from frontrunner.methods.per_preference.fine_tuned_models import FineTunedModels
from frontrunner.methods.scalarization import Scalarization
from frontrunner.methods.scalarized_learner import composed

EDGE = np.clip(fr.simplex_grid(2, 8), 0.01, 0.99)


def hypervolume(method, suite, grid, **options):
    problem = fr.load_problem(suite)
    pareto_set = fr.make_learner(method, **options).fit(problem, grid, fr.Context())
    front = fr.evaluate(problem, pareto_set, grid)
    return fr.hypervolume(front, [1, 1]).value, front.objectives


@pytest.mark.slow
def test_epo_covers_a_concave_front():
    value, objectives = hypervolume("epo", "vlmop2", EDGE)
    assert value >= 0.28
    weighted = EDGE * objectives
    np.testing.assert_allclose(weighted[:, 0], weighted[:, 1], rtol=0.1)  # its promise: r_t loss_t are equal


@pytest.mark.slow
def test_linear_scalarization_finds_only_the_ends_of_a_concave_front():
    value, objectives = hypervolume("ls", "vlmop2", EDGE)
    assert value <= 0.05
    assert (objectives.min(axis=1) < 0.01).all()


@pytest.mark.slow
def test_smooth_tchebycheff_covers_a_concave_front():
    value, objectives = hypervolume("stch", "vlmop2", EDGE)
    assert value >= 0.27
    assert np.diff(np.sort(objectives[:, 0])).max() < 0.3


def exact_hypervolume(t):
    return fr.hypervolume(fr.Front(np.stack([t**2, (t - 1) ** 2], axis=1)), [1, 1]).value


@pytest.mark.slow
def test_linear_scalarization_is_exact_on_a_convex_front():
    grid = fr.simplex_grid(2, 25)
    assert hypervolume("ls", "convex-toy", grid)[0] == pytest.approx(exact_hypervolume(grid[:, 1]), rel=0.01)


@pytest.mark.slow
def test_epo_is_exact_on_a_convex_front():
    grid = fr.simplex_grid(2, 25)
    r = np.maximum(grid, 0.01)
    t = np.sqrt(r[:, 1]) / np.sqrt(r).sum(axis=1)  # where r_1 t^2 = r_2 (1 - t)^2
    assert hypervolume("epo", "convex-toy", grid)[0] == pytest.approx(exact_hypervolume(t), rel=0.01)


def test_mgda_ends_on_the_front_where_gradients_cancel():
    problem = fr.load_problem("vlmop2")
    x = fr.make_learner("mgda").fit(problem, EDGE, fr.Context()).solve([0.5, 0.5])["x"]
    diagonal = torch.ones_like(x) / len(x) ** 0.5
    assert (x - (x @ diagonal) * diagonal).norm() < 0.01  # the Pareto set is the segment along the diagonal
    assert abs(float(x @ diagonal)) <= 1.001


@pytest.mark.slow
def test_pmtl_covers_a_concave_front():
    """The hypervolume published for it is about .26 at eight preferences."""
    assert hypervolume("pmtl", "vlmop2", EDGE)[0] >= 0.25


@pytest.mark.slow
def test_pmtl_answers_lie_in_their_cones():
    grid = EDGE[1:-1]
    _, objectives = hypervolume("pmtl", "vlmop2", grid)
    axes = 1 / grid / np.linalg.norm(1 / grid, axis=1, keepdims=True)
    own = (objectives * axes).sum(axis=1)
    best = (objectives @ axes.T).max(axis=1)
    assert (best - own < 0.05).all()


def test_a_preference_that_was_not_trained_for_is_refused():
    problem = fr.load_problem("convex-toy")
    pareto_set = fr.make_learner("ls", steps=5).fit(problem, EDGE, fr.Context())
    with pytest.raises(fr.PreferenceError, match="holds 8 preferences"):
        pareto_set.solve([0.5, 0.5])


def test_models_that_do_not_fit_are_refused():
    problem = fr.load_problem("convex-toy")
    learner = fr.make_learner("ls", steps=5)
    state = learner.fit(problem, EDGE, fr.Context()).state()
    with pytest.raises(fr.ConfigError, match=r"expected models of shape \(3, 1\), found \(8, 1\)"):
        learner.restore(problem, state, EDGE[:3], fr.Context())


def test_task_by_task_gradients_are_those_of_the_losses(tiny):
    """Weights that look at the Gramian and weights that do not lead to the same model."""

    class Linear(Scalarization):
        def weights(self, losses, preference, gramian):
            assert gramian is None or gramian.shape == (3, 3)
            return torch.as_tensor(preference).float()

    class LinearByGramian(Linear):
        needs_gramian = True

    found = []
    for chosen in (Linear, LinearByGramian):
        learner = composed(FineTunedModels, chosen, name="chosen", summary="Linear, one way or the other.")
        learner = learner(learner.Config(steps=5, batch_size=8, lr=0.01))
        found.append(learner.fit(tiny, fr.simplex_grid(3, 2), fr.Context()).state()["models"])
    torch.testing.assert_close(*found, atol=1e-4, rtol=1e-4)


def test_needs_count_labels_and_trainings(tiny):
    needs = fr.make_learner("ls", steps=2, batch_size=8).needs(tiny, fr.simplex_grid(3, 3))
    assert (needs.labelled_examples, needs.trainings) == (48, 6)
    assert fr.make_learner("ls", steps=200, batch_size=8).needs(tiny, EDGE).labelled_examples == 3 * 40  # all there are
    assert fr.make_learner("mgda", steps=2, batch_size=8).needs(tiny, fr.simplex_grid(3, 3)).trainings == 1


def test_preferences_off_the_simplex_are_refused_before_training():
    problem = fr.load_problem("convex-toy")
    for wrong in ([[0.5, 0.6]], [[0.2, 0.3, 0.5]], [[float("nan"), 0.5]]):
        with pytest.raises(fr.PreferenceError):
            fr.make_learner("ls", steps=10**9).fit(problem, np.array(wrong), fr.Context())
