import numpy as np
import pytest
from gradient_cases import GRADIENTS, LOSSES, RAYS

from frontrunner.methods.scalarization.ferero import constrained_descent_weights

# (factor of the gradients, weights), by find_min_norm_element_PGD_H of
# toy_experiments/solvers/min_norm_solvers_numpy.py in https://github.com/lisha-chen/FERERO at e350248, whose rate is
# 1, after 8,000 to 100,000 iterations; beyond two tasks, which is all that its script has, with an orthonormal basis
# of what is orthogonal to the ray.
PUBLISHED = [
    (1, [0.733760390703, 0.399359413945]),
    (1, [0.879394282282, 0.623116736165]),
    (0.25, [-0.537223901788, -0.538646369617, 2.922559883887]),
    (0.5, [0.095129183397, 1.047342826452, 0.08935158378, 0.298751619498]),
]


@pytest.mark.parametrize("case", range(len(GRADIENTS)))
def test_ferero_has_the_weights_of_its_authors(case):
    factor, weights = PUBLISHED[case]
    rows = factor * np.array(GRADIENTS[case])
    found = constrained_descent_weights(np.array(LOSSES[case]), np.array(RAYS[case]), rows @ rows.T, rate=1.0)
    np.testing.assert_allclose(found, weights, atol=1e-7)
