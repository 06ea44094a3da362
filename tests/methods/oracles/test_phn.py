"""`phn-ls` and `phn-epo` answer and follow gradients as their authors' published code does.

The values were computed in float64 by `LeNetHyper`, `LinearScalarizationSolver` and `EPOSolver` of
https://github.com/AvivNavon/pareto-hypernetworks (experiments/multimnist/models.py, phn/solvers.py, commit 6355fd2) for
T = 2 and 68 weights, with what is other here: the output is added to starting weights, the last layers' weights are
divided by the number of hidden units, and the third linear layer, which no rectifier follows, is the identity.
"""

import numpy as np
import pytest
import torch
from waves import wave

import frontrunner as fr
from frontrunner.tasks.analytic.point import PointProblem

TOLERANCE = 1e-11
"""The stored values have twelve digits."""
EPO_TOLERANCE = 1e-8
"""Both solvers miss bounds of the linear programme by a little."""
PREFERENCE = np.array([0.4, 0.6])
N_WEIGHTS, N_HIDDEN = 68, 4
LOSSES = [0.459593953377, 0.629031379479]
WEIGHTS = [0.191950032381, -0.162267041070, -0.037861280626, 0.346101719061]
"""The first four."""
PROJECTED_WEIGHTS = 7.418502980341
"""Onto a wave, as `PROJECTION`."""
PROJECTION = wave(N_WEIGHTS, phase=3)
LOSS = {"phn-ls": 0.5612564090383192, "phn-epo": 1.1712016917096832}
GRADIENTS = {
    "phn-ls": {
        "first.weight": [
            [0.000805002231, 0.001207503346, -0.000576621694, -0.000864932541],
            [-0.000656413169, -0.000984619754, 0.000745772139, 0.001118658209],
        ],
        "first.bias": [0.002012505576, -0.001441554234, -0.001641032924, 0.001864430349],
        "second.weight": [
            [0.003837555591, 0.021216450856, 0.004081317101, 0.017805549319],
            [-0.003309150400, -0.018295090500, -0.003519347615, -0.015353846805],
            [-0.002984823971, -0.016502007489, -0.003174419973, -0.013849032065],
            [0.004078306670, 0.022547476120, 0.004337360687, 0.018922589871],
        ],
        "second.bias": [0.017991644491, -0.015514317943, -0.013993775592, 0.019120359822],
        "head.weight": [0.005189333421, 0.039826581543, 0.006532154430, 0.050444325251],
        "common": [0.162736942958],
    },
    "phn-epo": {
        "first.weight": [
            [0.001419351213, 0.002129026819, -0.001148530672, -0.001722796009],
            [-0.001123387505, -0.001685081258, 0.001438015262, 0.002157022894],
        ],
        "first.bias": [0.003548378031, -0.002871326681, -0.002808468763, 0.003595038156],
        "second.weight": [
            [0.007351663916, 0.040644679274, 0.007818641568, 0.034110363051],
            [-0.006264673556, -0.034635104427, -0.006662605586, -0.029066928499],
            [-0.005737326523, -0.031719594244, -0.006101761473, -0.026620135645],
            [0.007743119425, 0.042808894587, 0.008234962328, 0.035926644330],
        ],
        "second.bias": [0.034466868418, -0.029370722276, -0.026898356701, 0.036302132609],
        "head.weight": [0.005297292415, 0.040655134519, 0.006668049497, 0.051493769972],
        "common": [0.166122525477],
    },
}
"""In the network's parameters; those of the last layer and of the common part are projected."""


@pytest.fixture
def make_set():
    """The set of a learner whose hypernetwork holds the values that the authors' was given."""

    def make(learner):
        targets = torch.stack([wave(N_WEIGHTS, phase=20), -wave(N_WEIGHTS, phase=20)])
        problem = PointProblem(
            name="targets",
            tasks=["a", "b"],
            objectives=lambda x: ((x - targets) ** 2).mean(dim=1),
            pretrained=np.zeros(N_WEIGHTS),
            experts=targets.numpy(),
            reference_point=np.ones(2),
            pareto_front=np.eye(2),
            hypervolume_limit=1.0,
            device=torch.device("cpu"),
        )
        problem.pretrained = {"x": 0.2 * wave(N_WEIGHTS, phase=9)}  # in float64, unlike that of a suite
        conditioned = learner.untrained(problem, torch.Generator())
        network = conditioned.network
        with torch.no_grad():
            network.first.weight.copy_(wave(N_HIDDEN, 2, phase=3))
            network.first.bias.copy_(wave(N_HIDDEN, phase=4).abs())
            network.second.weight.copy_(wave(N_HIDDEN, N_HIDDEN, phase=5))
            network.second.bias.copy_(wave(N_HIDDEN, phase=6).abs())
            network.head.weight.copy_(wave(N_WEIGHTS, N_HIDDEN, phase=7))
            network.common.copy_(0.1 * wave(N_WEIGHTS, phase=8))
        return conditioned

    return make


@pytest.mark.parametrize("method", LOSS)
def test_answers_are_the_authors(make_set, method):
    conditioned = make_set(fr.make_learner(method, hidden_size=N_HIDDEN))
    found = conditioned.solve(PREFERENCE)["x"]
    np.testing.assert_allclose(found[:4], WEIGHTS, atol=TOLERANCE, rtol=0)
    assert float(found @ PROJECTION) == pytest.approx(PROJECTED_WEIGHTS, abs=TOLERANCE)
    np.testing.assert_allclose(conditioned.losses(PREFERENCE, None).detach(), LOSSES, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("method", LOSS)
def test_a_step_follows_the_authors_gradient(make_set, method):
    learner = fr.make_learner(method, hidden_size=N_HIDDEN)
    conditioned = make_set(learner)
    loss = learner.step(conditioned, learner.scalarization_for(None), (PREFERENCE, None))
    tolerance = EPO_TOLERANCE if method == "phn-epo" else TOLERANCE
    assert float(loss.detach()) == pytest.approx(LOSS[method], abs=tolerance)
    for name, parameter in conditioned.network.named_parameters():
        found = PROJECTION @ parameter.grad if name in ("head.weight", "common") else parameter.grad
        np.testing.assert_allclose(found.flatten(), np.ravel(GRADIENTS[method][name]), atol=tolerance, rtol=0)
