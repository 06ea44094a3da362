"""`cosmos` answers and follows gradients as its authors' published code does, but for the sense of a preference.

The values were computed in float64 by `COSMOSMethod` of https://github.com/ruchtem/cosmos
(multi_objective/methods/cosmos/cosmos.py, commit c198830), which turns the losses towards r, so that a large weight
asks for a large loss; here they are turned towards 1 / r. The two agree where r is uniform, and the cosine's part of
the gradient is theirs at the preference that is proportional to 1 / r.
"""

import numpy as np
import pytest
import torch
from torch.func import functional_call
from waves import wave, wave_problem

import frontrunner as fr
from frontrunner.methods.scalarization.cosine_aligned import CosineAligned

TOLERANCE = 1e-11
"""The stored values have twelve digits."""

# (preference, losses, lambda) -> the cosine's part of the gradient in the losses, at 1 / r
ALIGNMENTS = [
    ([0.2, 0.3, 0.5], [1.2, 0.7, 0.4], 2.0, [0.053302600338, -0.059921877504, -0.055044515382]),
    ([0.6, 0.4], [0.9, 1.6], 8.0, [-0.286921733809, 0.161393475268]),
    (
        [0.1, 0.2, 0.3, 0.4],
        [0.5, 1.0, 1.5, 0.25],
        2.0,
        [-0.693333253097, -0.054531828895, 0.288239667018, -0.124644180332],
    ),
    ([1 / 3] * 3, [1.2, 0.7, 0.4], 2.0, [0.256049977400, -0.183438789779, -0.447132050087]),
]
GRADIENT = {
    "first.weight": [
        [-3.892670936675e-02, -5.208927339366e-04],
        [-1.296187570121e-02, -4.255552255147e-03],
        [-7.418901600195e-03, 6.036849179389e-03],
        [1.818271043308e-02, 3.145072738871e-03],
    ],
    "first.bias": [-5.896059665724e-02, 4.766990621017e-05, 2.495028982959e-02, 7.563242942519e-03],
    "last.weight": [
        [0.012916829374, -0.020196449245, 0.017439873830, -0.032722410422],
        [-0.107404346673, -0.092015929933, 0.117775387626, 0.103257566532],
        [0.094487517300, 0.112212379178, -0.135215261456, -0.070535156110],
    ],
    "last.bias": [-0.031755726472, 0.242085395661, -0.210329669189],
}
"""Of a step at the uniform preference with lambda = 2, in the weights."""
GRADIENT_OF_SHIFTS = [-1.965353221908e-02, 1.588996873672e-05, 8.316763276530e-03, 2.521080980840e-03]
"""In the weights by which the first layer reads the preference, equal for every task."""
LOGITS = [
    [1.058944111011, 1.503411588044, -0.417681625693],
    [-0.005254961926, 0.773900213877, -0.621953268519],
    [0.433923694424, 0.812947187031, -0.993237243938],
    [0.720281789848, 1.630123404777, 0.141306566402],
    [-0.267302963003, 0.108236881444, -1.517357328712],
]
"""Of the inputs with the preference (0.2, 0.3, 0.5) beside them."""
INPUTS = wave(5, 2, phase=1)


class TwoLayers(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(2, 4)
        self.last = torch.nn.Linear(4, 3)

    def forward(self, inputs):
        return self.last(torch.tanh(self.first(inputs)))


@pytest.fixture
def learner_batch_and_set():
    """The first layer's biases are shifted as the authors' first layer reads the preference, the last layer's not."""
    reads = wave(4, 5, phase=3)
    weights = {
        "first.weight": reads[:, :2].clone(),
        "first.bias": wave(4, phase=4),
        "last.weight": wave(3, 4, phase=5),
        "last.bias": wave(3, phase=6),
    }
    problem, batch = wave_problem(TwoLayers(), weights, [weights] * 3, [INPUTS] * 3)
    learner = fr.make_learner("cosmos", penalty=2.0)
    conditioned = learner.untrained(problem, torch.Generator())
    with torch.no_grad():
        conditioned.network.shift[:4] = reads[:, 2:]
    return learner, batch, conditioned


@pytest.mark.parametrize(("preference", "losses", "penalty", "expected"), ALIGNMENTS)
def test_the_cosine_pulls_as_the_authors_does_at_the_inverse_preference(preference, losses, penalty, expected):
    weights = CosineAligned(penalty=penalty).weights(
        torch.tensor(losses, dtype=torch.float64), np.array(preference), None
    )
    np.testing.assert_allclose(weights.numpy() - preference, expected, atol=TOLERANCE, rtol=0)


def test_answers_are_the_authors(learner_batch_and_set):
    _, _, conditioned = learner_batch_and_set
    found = functional_call(conditioned.problem.model, conditioned.solve([0.2, 0.3, 0.5]), INPUTS)
    np.testing.assert_allclose(found, LOGITS, atol=TOLERANCE, rtol=0)


def test_a_step_at_the_uniform_preference_follows_the_authors_gradient(learner_batch_and_set):
    learner, batch, conditioned = learner_batch_and_set
    uniform = np.full(3, 1 / 3)
    learner.step(conditioned, learner.scalarization_for(None), (uniform, batch))
    expected = np.concatenate([np.ravel(values) for values in GRADIENT.values()])
    np.testing.assert_allclose(conditioned.network.weights.grad, expected, atol=TOLERANCE, rtol=0)
    expected = np.repeat(GRADIENT_OF_SHIFTS, 3).reshape(4, 3)
    np.testing.assert_allclose(conditioned.network.shift.grad[:4], expected, atol=TOLERANCE, rtol=0)
