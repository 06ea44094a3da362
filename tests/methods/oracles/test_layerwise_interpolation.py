"""`layerwise-interpolation`, which nobody else has published, follows the gradient that is known in closed form."""

import numpy as np
import pytest
import torch
from waves import wave

import frontrunner as fr
from frontrunner.methods.scalarization import TrainingGoal
from frontrunner.tasks.analytic.point import PointProblem

N_TASKS, N_WEIGHTS = 3, 5
START = wave(N_WEIGHTS, phase=0).numpy()
EXPERTS = np.stack([wave(N_WEIGHTS, phase=1 + t).numpy() for t in range(N_TASKS)])


@pytest.fixture
def learner_and_set():
    """Objective t is the squared distance to expert t; all coefficients are waves."""
    experts = torch.from_numpy(EXPERTS)
    problem = PointProblem(
        name="distances",
        tasks=["a", "b", "c"],
        objectives=lambda x: ((x - experts) ** 2).sum(dim=1),
        pretrained=START,
        experts=EXPERTS,
        reference_point=np.ones(N_TASKS),
        pareto_front=np.eye(N_TASKS),
        hypervolume_limit=1.0,
        device=torch.device("cpu"),
    )
    problem.pretrained = {"x": torch.from_numpy(START)}  # in float64, unlike that of a suite
    problem.experts = tuple({"x": expert} for expert in experts)
    learner = fr.make_learner("layerwise-interpolation")
    conditioned = learner.untrained(problem, torch.Generator())
    with torch.no_grad():
        conditioned.network.tasks.copy_(wave(1, N_TASKS, N_TASKS, phase=5))
        conditioned.network.pairs.copy_(wave(1, N_TASKS, N_TASKS, phase=6))
    return learner, conditioned


@pytest.mark.parametrize("preference", [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.0, 0.45, 0.55]])
def test_a_step_follows_the_gradient_in_closed_form(learner_and_set, preference):
    learner, conditioned = learner_and_set
    r = np.array(preference)
    pairs = 4 * np.array([r[0] * r[1], r[0] * r[2], r[1] * r[2]])
    tasks_term, pairs_term = (wave(N_TASKS, N_TASKS, phase=phase).numpy() for phase in (5, 6))
    vectors = EXPERTS - START
    x = START + (tasks_term @ r + pairs_term @ pairs) @ vectors
    in_coefficients = vectors @ (2 * r @ (x - EXPERTS))

    loss = learner.step(conditioned, learner.scalarization_for(TrainingGoal(np.eye(N_TASKS), steps=1)), (r, None))
    assert float(loss.detach()) == pytest.approx(r @ ((x - EXPERTS) ** 2).sum(axis=1), abs=1e-12)
    np.testing.assert_allclose(conditioned.solve(r)["x"], x, atol=1e-12, rtol=0)
    gradients = conditioned.network.tasks.grad[0], conditioned.network.pairs.grad[0]
    np.testing.assert_allclose(gradients[0], np.outer(in_coefficients, r), atol=1e-12, rtol=0)
    np.testing.assert_allclose(gradients[1], np.outer(in_coefficients, pairs), atol=1e-12, rtol=0)
