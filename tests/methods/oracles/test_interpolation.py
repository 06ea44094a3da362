"""Interpolation against rewarded soups: https://github.com/alexrame/rewardedsoups, captioning/scripts/test.py.

The stored model is that of `get_wa_model` with coefficients 0.2, 0.3 and 0.5.
"""

import numpy as np
import torch
from oracle_models import joined, problem, stored

import frontrunner as fr

REWARDED_SOUP = """
    0.2333 0.4495 0.6608 -0.3501 -0.01020001 -0.1175 0.6099 -0.2483 -0.6104 -0.6084 -0.2345 0.6193 0.6667 0.6759
    0.2104 -0.6828001 0.4873 0.281 -0.4337 -0.3887 -0.1408 -0.3727 -0.679 0.2631 -0.6393 -0.6836001 -0.3
    0.6727999 0.7249 0.81725 1.1771 1.23215 0.5981001 0.6775 0.3838 -0.6491001 0.442 -0.5312001 0.6628 0.2318
    -0.2581 -0.2544 0.2448 0.6565 0.6019 0.4438 -0.2687
"""


def test_the_weighted_mean_is_the_rewarded_soup():
    merged = fr.make_learner("interpolation").fit(problem(), np.eye(3), fr.Context()).solve([0.2, 0.3, 0.5])
    torch.testing.assert_close(joined(merged), stored(REWARDED_SOUP), atol=1e-6, rtol=0)
