"""Task arithmetic against its authors' code: https://github.com/mlfoundations/task_vectors, src/task_vectors.py.

The stored models are `sum(TaskVector(pretrained, expert) ...).apply_to(pretrained, scaling_coef)`.
"""

import numpy as np
import pytest
import torch
from oracle_models import PRETRAINED, joined, problem, stored

import frontrunner as fr

PUBLISHED = {
    # scaling_coef: the model
    0.3: """
        0.2501 0.4925 0.7376 -0.3807 -0.0214 -0.1209 0.6738 -0.2856 -0.6835 -0.6813 -0.2704 0.6848 0.7394 0.7534
        0.2436 -0.7593 0.5491 0.3216 -0.4747 -0.4407 -0.1467 -0.4062 -0.7563999 0.2835 -0.7075 -0.7605 -0.3427
        0.7466999 0.691 0.79245 1.19275 1.26185 0.6604 0.7522 0.4351 -0.7188 0.4839 -0.5846 0.7397 0.2484
        -0.2965 -0.2922 0.2629 0.7331001 0.6743 0.5012 -0.2896
    """,
    1.0: """
        0.647 0.797 0.592 -0.737 0.414 -0.543 0.839 0.133 -0.456 -0.451 0.151 0.836 0.801 0.654 -0.182 -0.739
        0.218 -0.09 -0.789 -0.06199998 -0.566 -0.752 -0.6709999 0.672 -0.8299999 -0.7220001 0.06400001 0.7879999
        0.8345001 0.9859999 1.3695 1.09 0.841 0.776 0.05500001 -0.821 0.794 -0.831 0.599 0.646 0.12 0.125 0.657
        0.5770001 0.437 0.147 -0.676
    """,
}


@pytest.mark.parametrize("scaling", PUBLISHED)
def test_the_sum_of_task_vectors_is_that_of_the_authors(scaling):
    learner = fr.make_learner("task-arithmetic", points=2, max_lambda=scaling)
    (_, _, start), (_, _, merged) = learner.fit(problem(), np.eye(3), fr.Context()).members(np.eye(3))
    torch.testing.assert_close(joined(start), joined(PRETRAINED))
    torch.testing.assert_close(joined(merged), stored(PUBLISHED[scaling]), atol=1e-6, rtol=0)
