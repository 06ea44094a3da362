import numpy as np
import pytest
import torch

from frontrunner.methods.scalarization import LinearScalarization

# (gradients, losses, preference, scalarized loss, its gradient), by phn/solvers.py (LinearScalarizationSolver) of
# https://github.com/AvivNavon/pareto-hypernetworks at 6355fd2.
PUBLISHED = [
    (
        [[-0.58, -0.62, 0.08, 1.25], [-0.32, -1.1, -0.8, 1.78]],
        [1.89, 0.68],
        [0.58, 0.42],
        1.3818,
        [-0.4708, -0.8216, -0.2896, 1.4726],
    ),
    (
        [[-0.83, 0.24, -0.06, -0.09, 0.32], [0.67, 0.19, 0.18, -1.14, 0.58], [-0.33, 0.99, 1.31, -1.63, 1.33]],
        [1.27, 1.19, 1.09],
        [0.25, 0.44, 0.31],
        1.179,
        [-0.015, 0.4505, 0.4703, -1.0294, 0.7475],
    ),
]


@pytest.mark.parametrize(("gradients", "losses", "preference", "loss", "direction"), PUBLISHED)
def test_linear_scalarization_is_the_published_one(gradients, losses, preference, loss, direction):
    found = LinearScalarization().combined(
        torch.tensor(losses, dtype=torch.float64), torch.tensor(gradients, dtype=torch.float64), np.array(preference)
    )
    assert float(found[0]) == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(found[1], direction, rtol=1e-10, atol=1e-12)
