import numpy as np
import pytest
import torch

from frontrunner.methods.scalarization.gramian import ImtlGScalarization

# (gradients, weights), by LibMTL/weighting/IMTL.py of https://github.com/median-research-group/LibMTL at 4336804 with
# loss scales of 1, which leaves the gradient part; its authors published no code.
PUBLISHED = [
    ([[-0.4, 0.26, 0.61, -0.97], [0.77, 0.26, 0.78, 0.27]], [0.482736870139, 0.517263129861]),
    (
        [[0.91, 0.75, -0.03, 0.65, -0.65], [-1.83, 1.68, 0.48, -2.07, -1.06], [-0.62, 0.34, 1.33, 0.31, -0.43]],
        [0.557338590587, 0.212661515916, 0.229999893497],
    ),
    (
        [[0.4, -0.56, 0.59, 0.04, -1.57], [1, -0.1, 0.62, 1.84, 0.27], [-1.07, -0.68, 1.02, -1.46, 0.26]],
        [0.137930296432, 0.42752772412, 0.434541979449],
    ),
    (
        [
            [-0.04, -1.26, 2.57, 0.48, 0.64, -0.21],
            [0.06, 0.34, 0.2, -0.61, 0.61, 0.49],
            [-0.12, -0.72, -0.88, -1.01, 0.28, -0.35],
            [0.87, -0.89, 0.73, 0.03, -0.57, 1.04],
        ],
        [0.150282046397, 0.298907174243, 0.371632595499, 0.179178183861],
    ),
]


@pytest.mark.parametrize(("gradients", "weights"), PUBLISHED)
def test_imtl_g_has_the_weights_of_libmtl(gradients, weights):
    rows = np.array(gradients)
    losses = torch.ones(len(rows)).double()
    found = ImtlGScalarization().weights(losses, np.full(len(rows), 1 / len(rows)), torch.tensor(rows @ rows.T))
    np.testing.assert_allclose(found, weights, atol=1e-10)
