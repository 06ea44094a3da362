import numpy as np
import pytest
from gradient_cases import GRADIENTS

from frontrunner.methods.scalarization.cagrad import conflict_averse_weights

# Weights for c = 0.4 by CAGradWeighting of torchjd 0.18.0 (https://github.com/SimplexLab/TorchJD) without its norm_eps.
# Its solver, Clarabel, misses the second by 4.5e-5; ours has no duality gap there, see test_fair_directions.py.
WEIGHTS = [
    [0.817918623219, 0.499999999788],
    [0.611569802171, 0.772477287408],
    [0.333333333607, 1.36276677724, 0.333333338707],
    [0.250000000033, 0.634142589075, 0.250000000127, 0.250000000417],
]


@pytest.mark.parametrize(("gradients", "weights"), list(zip(GRADIENTS, WEIGHTS, strict=True)))
def test_cagrad_has_the_weights_of_torchjd(gradients, weights):
    rows = np.array(gradients)
    found = conflict_averse_weights(rows @ rows.T, 0.4)
    np.testing.assert_allclose(found, weights, atol=1e-4)
