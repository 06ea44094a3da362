import numpy as np
import pytest
import torch

from frontrunner.methods.scalarization.gramian import MgdaScalarization

# (gradients, weights), by find_min_norm_element of multi_task/min_norm_solvers_numpy.py in
# https://github.com/isl-org/MultiObjectiveOptimization at bf5bbb3, which stops once weights change by less than 1e-6.
# LibMTL/weighting/MGDA.py of https://github.com/median-research-group/LibMTL at 4336804 gives the same to 1e-5.
PUBLISHED = [
    ([[0.35, 0.82, 0.33, -1.3], [0.91, 0.45, -0.54, 0.58]], [0.401387658695, 0.598612341305]),
    ([[0.47, -1.08, 0.56, -2.75], [2.08, 0.59, 0.65, 0.46]], [0.373996380598, 0.626003619402]),
    (
        [[1.85, -2.31, 0.3, -0.09, -0.55], [-0.41, -1.78, -0.35, -0.39, 3.22], [0.03, -0.11, -0.4, -0.19, -1.16]],
        [0, 0.220280601907, 0.779719398093],
    ),
    (
        [[1.6, -2.09, 2.77, 0.33, -2.52], [2.25, -2.54, 1.25, -1.94, -0.64], [2.49, -0.34, 1.42, 0.18, -2.37]],
        [0, 0.368356184247, 0.631643815753],
    ),
    (
        [
            [-0.39, -0.49, -1.89, 0.16, 0.16, -0.06],
            [-0.14, 0.05, -0.89, 1.38, -0.71, -1.41],
            [-0.55, 2.43, -1.44, -1.99, -1.06, -1.34],
            [-0.22, 0.34, -2.36, 0.3, -1.04, -0.76],
        ],
        [0.538959390184, 0.343373967122, 0.117666642694, 0],
    ),
]


@pytest.mark.parametrize(("gradients", "weights"), PUBLISHED)
def test_mgda_follows_the_published_direction(gradients, weights):
    rows = np.array(gradients)
    losses = torch.ones(len(rows)).double()
    _, direction = MgdaScalarization().combined(losses, torch.tensor(rows), np.full(len(rows), 1 / len(rows)))
    np.testing.assert_allclose(direction, weights @ rows, atol=5e-6)
    assert np.linalg.norm(direction) <= np.linalg.norm(weights @ rows) * (1 + 1e-12)
