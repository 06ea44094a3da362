"""`phn-hvi` weighs losses as its authors' published code does.

The weights were computed by `HvMaximization` of https://github.com/longhoangphi225/MultiSample-Hypernetworks
(Jura/hv_maximization.py, commit 63e818a, in float64); the gradient by the step of its Toy_Examples/MH_1.ipynb, with
1 / r for the ray, since here a large weight asks for a small loss.

Their scripts multiply a column of weights with a row of losses, so that all losses of an answer are weighed by the
weights' sum; the gradient is that of the paper, each loss with its own weight.
"""

import numpy as np
import pytest
import torch

import frontrunner as fr

TOLERANCE = 1e-11
"""The stored values have twelve digits."""

# (answers, tasks, scale and phase of the losses) -> weights of the losses
WEIGHTS = {
    (5, 2, 0.8, 0.3): [
        [0.806231211866, 0.591600568807],
        [0.200091117367, 0.979777293445],
        [0.800292071025, 0.599610374372],
        [0.982733813621, 0.185025002544],
        [0.670492918855, 0.741915929041],
    ],
    (6, 2, 2.5, 1.0): [  # losses up to 5, beyond the fixed reference point
        [0.899936539744, 0.436020899079],
        [0.266068274539, 0.963954186299],
        [0.929213249112, 0.369543959055],
        [0.998942921126, 0.045967818450],
        [0.777937908147, 0.628341158184],
        [0.109332422187, 0.994005242169],
    ],
    (6, 3, 0.9, 0.1): [
        [0.694895646741, 0.683165171710, 0.224511443592],
        [0.385041242724, 0.294469318210, 0.874660541030],
        [0.273325968376, 0.262489019520, 0.925414733859],
        [0.721701230832, 0.433838169120, 0.539380919601],
        [0.938761007534, 0.182678745460, 0.292157913964],
        [0.387495447583, 0.775391424880, 0.498613493926],
    ],
    (5, 4, 0.7, 2.0): [
        [0.376855625144, 0.149645590713, 0.575658244667, 0.710072968310],
        [0.668395322302, 0.310705087827, 0.586100119988, 0.336447159110],
        [0.370598513606, 0.730859364746, 0.374586760990, 0.433804206027],
        [0.341538010312, 0.324372890997, 0.579517246554, 0.665051709301],
        [0.440430846220, 0.192432150018, 0.485834738495, 0.730037769029],
    ],
}
GRADIENT = [
    [0.096076129853, 0.204430335237, -0.204503451035],
    [-0.060423802529, 0.029610157342, 0.171866747448],
    [-0.046978552719, -0.250635663518, 0.237093025133],
    [0.093661322781, -0.123757435987, 0.129683870566],
    [0.168722226808, 0.019656010673, -0.232799370497],
    [0.084461219443, 0.144400584144, -0.085020944653],
]
"""Of the step's objective in the losses of (6, 3, 0.9, 0.1), with a penalty of 4."""


def losses_of(n_answers, n_tasks, scale, phase):
    return scale * (1 + np.sin(1.7 * np.arange(n_answers * n_tasks).reshape(n_answers, n_tasks) + phase))


@pytest.mark.parametrize("losses", WEIGHTS)
def test_weights_are_the_authors(losses):
    found = fr.make_learner("phn-hvi").volume_weights(losses_of(*losses))
    np.testing.assert_allclose(found, WEIGHTS[losses], atol=TOLERANCE, rtol=0)


def test_equal_answers_are_weighed_as_the_authors_weigh_them():
    found = fr.make_learner("phn-hvi").volume_weights(np.array([[3.7, 1.0], [3.7, 1.0], [1.0, 3.0]]))
    of_equal, other = [0.983314592492, 0.181913199611], [0.110431526075, 0.993883734674]
    np.testing.assert_allclose(found, [of_equal, of_equal, other], atol=TOLERANCE, rtol=0)


def test_a_step_follows_the_authors_gradient():
    rays = np.abs(np.sin(1.3 * np.arange(18) + 0.5)).reshape(6, 3) + 0.2
    losses = torch.tensor(losses_of(6, 3, 0.9, 0.1), requires_grad=True)
    objective = fr.make_learner("phn-hvi", penalty=4.0).objective(losses, rays / rays.sum(axis=1, keepdims=True))
    objective.backward()
    assert objective.item() == pytest.approx(-1.0985099190519405, abs=TOLERANCE)
    np.testing.assert_allclose(losses.grad, GRADIENT, atol=TOLERANCE, rtol=0)
