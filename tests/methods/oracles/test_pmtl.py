import numpy as np
import pytest
import torch

from frontrunner.methods.scalarization.pmtl import PmtlScalarization

# (gradients, losses, own axis, weights in the descent, weights in the warm-up or None inside the cone) for five axes on
# the quarter circle, by get_d_paretomtl and get_d_paretomtl_init of synthetic_example/run_synthetic_example.py in
# https://github.com/Xi-L/ParetoMTL at 0407f35. Its solver leaves the longer of two vectors .1 % of the weight and stops
# once weights change by less than 1e-6. In multiMNIST/train.py the descent's weights are scaled to sum |w| = T.
PUBLISHED = [
    ([[0.03, 1.36, 1.22, -0.51], [-0.3, -0.53, 0.57, -0.06]], [0.5, 0.5], 2, [0.16330701347, 0.83669298653], None),
    (
        [[-0.01, 1.05, 0.74, 0.72], [1.62, -1.21, -0.63, -1.32]],
        [0.9, 0.2],
        0,
        [0.358467880622, 0.228137760439],
        [-0.076120467489, 0.382683432365],
    ),
    (
        [[-0.01, 1.05, 0.74, 0.72], [1.62, -1.21, -0.63, -1.32]],
        [0.9, 0.2],
        4,
        [0.303459271343, 0.146660907364],
        [0.38268377265, -0.07612069486],
    ),
    (
        [[1.83, -3.08, 0.96, 0.07], [1.32, 0.39, 1.83, 0.03]],
        [0.3, 0.8],
        1,
        [-0.03346415069, 0.275548495221],
        [-0.216773035501, 0.324423538702],
    ),
    (
        [[0.7, -0.98, -1.57, -2.92], [-0.35, 1.25, 0.03, 0.51]],
        [0.95, 0.1],
        3,
        [0.165231934034, 0.380285926672],
        [0.324423479249, -0.216773066205],
    ),
    (
        [[-1.43, -0.94, 0.39, -0.52], [0.53, 0.81, -1.44, 1.02]],
        [0.2, 0.9],
        2,
        [0.124219314571, 0.143341922284],
        [-0.324806032254, 0.216848871792],
    ),
]
ANGLES = np.linspace(0, np.pi / 2, 5)
AXES = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)


def weights_of(gradients, losses, own, *, warm_up_steps):
    rows = torch.tensor(gradients, dtype=torch.float64)
    search = PmtlScalarization(AXES, own, warm_up_steps=warm_up_steps)
    return search.weights(torch.tensor(losses, dtype=torch.float64), np.array([0.5, 0.5]), rows @ rows.T).numpy()


@pytest.mark.parametrize(("gradients", "losses", "own", "descent", "warm_up"), PUBLISHED)
def test_pmtl_has_the_published_weights(gradients, losses, own, descent, warm_up):
    scaled = 2 * np.array(descent) / np.abs(descent).sum()
    found = weights_of(gradients, losses, own, warm_up_steps=0)
    np.testing.assert_allclose(found, scaled, atol=2e-3)
    if warm_up is not None:
        found = weights_of(gradients, losses, own, warm_up_steps=1)
        np.testing.assert_allclose(found, warm_up, atol=2e-3)
