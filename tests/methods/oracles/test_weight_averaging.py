"""Weight averaging against the uniform soup: https://github.com/mlfoundations/model-soups, main.py, step 3."""

import numpy as np
import torch
from oracle_models import joined, problem, stored

import frontrunner as fr

UNIFORM_SOUP = """
    0.269 0.507 0.7306667 -0.3976667 -0.0006666724 -0.141 0.6816667 -0.2656667 -0.6726667 -0.6703333 -0.2503333
    0.692 0.7423334 0.7486666 0.2233333 -0.7583334 0.5333333 0.302 -0.4896667 -0.4226667 -0.1666667 -0.4226667
    -0.7523333 0.302 -0.7133334 -0.7586668 -0.3233334 0.7486666 0.6978334 0.8016667 1.201167 1.253667 0.669
    0.7533333 0.417 -0.7236667 0.4986667 -0.5963334 0.733 0.2673334 -0.2766667 -0.2723333 0.2816667 0.7256668
    0.663 0.4843333 -0.308
"""


def test_the_mean_is_the_uniform_soup():
    merged = fr.make_learner("weight-averaging").fit(problem(), np.eye(3), fr.Context()).solve([1, 0, 0])
    torch.testing.assert_close(joined(merged), stored(UNIFORM_SOUP), atol=1e-6, rtol=0)
