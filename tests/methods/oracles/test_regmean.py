"""RegMean against its authors' code: https://github.com/bloomberg/dataless-model-merging.

Gram matrices are those of `compute_gram` (regmean_demo.ipynb), the models those of
`FedAvgMerger.regmean_mean_params` (src/model_merge/avg_merger.py) with `model_coeffs` and `regmean_reduce_nondiag`.
What is left is the ridge, which the authors do not have: 1e-6 of the mean of a Gram matrix's diagonal.
"""

import numpy as np
import pytest
import torch
from oracle_models import EXPERTS, INPUTS, N_EXAMPLES, architecture, joined, problem, stored
from torch import nn

import frontrunner as fr

EQUAL, UNEQUAL = (1 / 3, 1 / 3, 1 / 3), (0.2, 0.3, 0.5)
PUBLISHED = {
    # (regmean_reduce_nondiag, model_coeffs): the parameters; 1 stands for Gram matrices as they are
    (1.0, EQUAL): """
        0.1710534 0.3859627 0.5715706 -0.2722129 -0.0742797 -0.0523821 0.5723518 -0.2200426 -0.592732 -0.5921999
        -0.2177448 0.5818419 0.7423334 0.7486667 0.2233333 -0.7583334 0.5333334 0.302 -0.4896667 -0.4226667
        -0.1666667 -0.4226667 -0.7523333 0.302 0.5805956 0.675209 0.481493 -0.554739 0.3993308 -0.8233312
        0.549058 0.16399 -0.2544124 -0.2119997 0.4219613 0.8002729 0.663 0.4843333 -0.308
    """,
    (0.9, EQUAL): """
        0.1736073 0.3820741 0.5729696 -0.2745876 -0.0685886 -0.05689026 0.5669248 -0.2219257 -0.5861176
        -0.5856243 -0.2181011 0.5762686 0.7423334 0.7486667 0.2233333 -0.7583334 0.5333334 0.302 -0.4896667
        -0.4226667 -0.1666667 -0.4226667 -0.7523333 0.302 0.6271551 0.6861079 0.3851638 -0.696637 0.4211956
        -0.7818211 0.7404656 0.3248931 -0.2659428 -0.2361921 0.3607606 0.7562249 0.663 0.4843333 -0.308
    """,
    (1.0, UNEQUAL): """
        0.156377 0.3516445 0.5465825 -0.2513749 -0.07109487 -0.04532994 0.5252074 -0.2240042 -0.5552825
        -0.5545133 -0.2191522 0.5341209 0.6667 0.6759 0.2104 -0.6828001 0.4873 0.281 -0.4337 -0.3887 -0.1408
        -0.3727 -0.679 0.2631 0.5258278 0.6804743 0.58148 -0.3932762 0.3604647 -0.779754 0.4942212 0.1272192
        -0.2440348 -0.2121886 0.3487587 0.7137833 0.6019 0.4438 -0.2687
    """,
    (0.95, UNEQUAL): """
        0.1570673 0.3504096 0.547036 -0.2520393 -0.0692567 -0.0468384 0.5229586 -0.2246668 -0.552655 -0.5518916
        -0.2192613 0.5318468 0.6667 0.6759 0.2104 -0.6828001 0.4873 0.281 -0.4337 -0.3887 -0.1408 -0.3727 -0.679
        0.2631 0.5546493 0.6571564 0.3925676 -0.599236 0.3627322 -0.7436519 0.6526529 0.2742333 -0.2475065
        -0.2225955 0.3245724 0.6949878 0.6019 0.4438 -0.2687
    """,
}
CONV1D = """
    0.1616969 -0.2572025 0.5097686 -0.5361444 0.342583 -0.05799519 -0.2285555 -0.220245 0.5500919 -0.05671643
    -0.5370963 0.5186217
"""
"""The first matrix alone, stored as (in, out), with `regmean_reduce_nondiag` 0.6 and the unequal coefficients."""


@pytest.mark.parametrize(("reduce", "preference"), PUBLISHED)
def test_the_merge_is_that_of_the_authors(reduce, preference):
    learner = fr.make_learner("regmean", n_examples=N_EXAMPLES, batch_size=3, reduce_off_diagonal=reduce)
    solved = learner.fit(problem(), np.eye(3), fr.Context()).solve(preference)
    merged = joined({name: solved[name] for name, _ in architecture().named_parameters()})
    torch.testing.assert_close(merged, stored(PUBLISHED[reduce, preference]), atol=2e-5, rtol=0)


class TransposedLinear(nn.Module):
    """A layer that holds its matrix as (in, out), as GPT-2's do."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3, 4))
        self.bias = nn.Parameter(torch.zeros(4))

    def forward(self, rows):
        return torch.addmm(self.bias, rows, self.weight)


def test_a_transposed_layer_is_merged_as_the_authors_merge_conv1d():
    first = [{"weight": expert["0.weight"].T.contiguous(), "bias": expert["0.bias"]} for expert in EXPERTS]
    examples = [fr.Examples(rows, torch.arange(N_EXAMPLES) % 4) for rows in INPUTS]
    posed = fr.ClassificationProblem(
        name="transposed",
        tasks=["a", "b", "c"],
        model=TransposedLinear(),
        pretrained={name: tensor.clone() for name, tensor in first[0].items()},
        experts=first,
        budget=fr.Budget(steps=1, batch_size=1),
        data=[dict.fromkeys(("train", "val", "test"), part) for part in examples],
        heads=[nn.Identity()] * 3,
    )
    learner = fr.make_learner("regmean", n_examples=N_EXAMPLES, reduce_off_diagonal=0.6)
    solved = learner.fit(posed, np.eye(3), fr.Context()).solve(UNEQUAL)
    torch.testing.assert_close(solved["weight"].flatten(), stored(CONV1D), atol=2e-5, rtol=0)
