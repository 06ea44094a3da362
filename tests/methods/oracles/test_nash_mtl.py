import numpy as np
import pytest
from gradient_cases import GRADIENTS

from frontrunner.methods.scalarization.alpha_fairness import fair_weights

# Shares of the weights by NashMTL of torchjd 0.18.0 (https://github.com/SimplexLab/TorchJD), which is the authors' code
# (https://github.com/AvivNavon/nash-mtl, methods/weight_methods.py) on cvxpy 1.9.3 and ECOS, without its clipping.
WEIGHTS = [
    [0.714755389309, 0.285244610691],
    [0.469610753008, 0.530389246992],
    [0.10450944506, 0.67240175921, 0.223088795731],
    [0.173957734983, 0.391281119205, 0.20583636914, 0.228924776671],
]


@pytest.mark.parametrize(("gradients", "weights"), list(zip(GRADIENTS, WEIGHTS, strict=True)))
def test_nash_mtl_has_the_shares_of_its_authors(gradients, weights):
    rows = np.array(gradients)
    found = fair_weights(rows @ rows.T, 1.0)
    found = found / found.sum()
    np.testing.assert_allclose(found, weights, atol=1e-8)
