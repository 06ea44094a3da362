import numpy as np
import pytest
from gradient_cases import GRADIENTS

from frontrunner.methods.scalarization.alpha_fairness import fair_weights

# Weights for alpha = 2 by FairGradWeighting of torchjd 0.18.0 (https://github.com/SimplexLab/TorchJD), which is the
# authors' code (https://github.com/OptMN-Lab/fairgrad, methods/weight_methods.py): SciPy's least_squares, to 1e-6.
WEIGHTS = [
    [6.51664665061, 2.57003510284],
    [1.03388234321, 1.21334147581],
    [0.0466276853436, 0.609114634336, 0.128318024326],
    [0.169307689487, 0.4873092576, 0.201456882285, 0.218651905156],
]


@pytest.mark.parametrize(("gradients", "weights"), list(zip(GRADIENTS, WEIGHTS, strict=True)))
def test_fairgrad_has_the_weights_of_its_authors(gradients, weights):
    rows = np.array(gradients)
    found = fair_weights(rows @ rows.T, 2.0)
    np.testing.assert_allclose(found, weights, rtol=1e-6)
