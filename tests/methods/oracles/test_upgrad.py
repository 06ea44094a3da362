import numpy as np
import pytest
from gradient_cases import GRADIENTS

from frontrunner.methods.scalarization.upgrad import unconflicting_weights

# Weights by UPGradWeighting of torchjd 0.18.0, by the authors (https://github.com/SimplexLab/TorchJD), without the
# regularisation that it adds by default.
WEIGHTS = [
    [1.6880104712, 0.689208345146],
    [0.518406759203, 0.523479599692],
    [0.335686862512, 0.419071888907, 0.333333333333],
    [0.316941921859, 0.316734020774, 0.25, 0.409143651683],
]


@pytest.mark.parametrize(("gradients", "weights"), list(zip(GRADIENTS, WEIGHTS, strict=True)))
def test_upgrad_has_the_weights_of_torchjd(gradients, weights):
    rows = np.array(gradients)
    found = unconflicting_weights(rows @ rows.T)
    np.testing.assert_allclose(found, weights, atol=1e-11)
