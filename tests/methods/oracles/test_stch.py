import numpy as np
import pytest
import torch

from frontrunner.methods.scalarization import SmoothTchebycheff

# (losses, preference, mu, gradient of the scalarized loss in the losses), by the scalarization in
# STCH_PSL/run_stch_psl.py of https://github.com/Xi-L/STCH at a510c1e, with ideal point 0 and nadir point 1.
PUBLISHED = [
    ([1.91, 1.56], [0.78, 0.22], 0.01, [0.78, 0]),
    ([0.625, 4.01, 1.5335], [0.64, 0.1, 0.26], 0.01, [0.214466798684, 0.03703476075, 0.076582485085]),
    (
        [1.34, 0.18, 0.14, 1.69],
        [0.03, 0.28, 0.14, 0.55],
        0.1,
        [4.118757e-06, 4.2569743e-05, 1.5642578e-05, 0.549779417324],
    ),
    ([0.33, 0.59, 0.87], [0.53, 0.37, 0.1], 0.5, [0.180920453541, 0.137755923725, 0.028632734633]),
]


@pytest.mark.parametrize(("losses", "preference", "mu", "gradient"), PUBLISHED)
def test_smooth_tchebycheff_is_the_published_one(losses, preference, mu, gradient):
    weights = SmoothTchebycheff(mu=mu).weights(torch.tensor(losses, dtype=torch.float64), np.array(preference), None)
    np.testing.assert_allclose(weights, gradient, rtol=1e-9, atol=1e-12)
