"""AdaMerging against its authors' code: https://github.com/EnnengYang/AdaMerging.

The stored numbers are `lambdas()` without their first column, after the epochs of src/main_layer_wise_adamerging.py
(`tensors`) and src/main_task_wise_adamerging.py (`model`), each of one batch that holds all of a task's inputs.
"""

import numpy as np
import pytest
import torch
from oracle_matrices import problem
from oracle_models import N_EXAMPLES, stored

import frontrunner as fr

PUBLISHED = {
    # (coefficients, epochs, lr, prior): the merge coefficients
    ("tensors", 20, 0.001, 0.3): """
        0.3200374 0.3200597 0.3201324 0.2796838 0.3200285 0.3200559 0.3200341 0.2799882 0.2799838 0.3199298
        0.3199455 0.2890356 0.3200268 0.2799133 0.2799715 0.3200259 0.2800079 0.279996
    """,
    ("model", 20, 0.001, 0.3): """
        0.3200053 0.2799845 0.2799932
    """,
    ("tensors", 60, 0.01, 0.3): """
        0.9109602 0.9411955 0.9869678 0 0.9236754 0.9902111 0.9736026 0 0 0.2535746 0.3009689 0.7294464 0.9277037 0
        0 0.9624951 0 0
    """,
    ("model", 60, 0.01, 0.9): """
        1 1 0.2885181
    """,
}


@pytest.mark.parametrize(("coefficients", "steps", "lr", "initial"), PUBLISHED)
def test_the_coefficients_are_those_of_the_authors(coefficients, steps, lr, initial):
    learner = fr.make_learner(
        "adamerging", coefficients=coefficients, steps=steps, lr=lr, initial=initial, batch_size=N_EXAMPLES
    )
    found = learner.fit(problem(), np.eye(3), fr.Context()).merge_coefficients([1, 0, 0])
    rows = torch.tensor(np.concatenate(list(found.values())), dtype=torch.float32)
    torch.testing.assert_close(rows, stored(PUBLISHED[coefficients, steps, lr, initial]), atol=1e-5, rtol=0)
