"""ParEGO's scalarization against SMAC3's: https://github.com/automl/SMAC3, smac/multi_objective/parego.py.

The stored values are `ParEGO.__call__` (rho 0.05) of the objectives scaled to [0, 1]. The Gaussian process and its
expected improvement are Optuna's own.
"""

import numpy as np
import pytest

from frontrunner.methods.coefficient_search.mobo_merge import augmented_tchebycheff

OBJECTIVES = np.array([[0.2, 0.9, 0.4], [0.5, 0.1, 0.8], [0.7, 0.6, 0.3], [0.35, 0.5, 0.55]])
PUBLISHED = {
    (0.2, 0.3, 0.5): [0.319999999968, 0.5309999999469, 0.2193749999780625, 0.2729999999727001],
    (0.7, 0.2, 0.1): [0.21099999997890007, 0.4459999999554001, 0.741249999925875, 0.22799999997720002],
}


@pytest.mark.parametrize("preference", PUBLISHED)
def test_the_scalarization_is_that_of_smac(preference):
    found = augmented_tchebycheff(OBJECTIVES, np.array(preference))
    np.testing.assert_allclose(found, PUBLISHED[preference], rtol=1e-9)  # SMAC3 divides the weights by 1 + 1e-10
