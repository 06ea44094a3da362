"""Fisher merging against its authors' code: https://github.com/mmatena/model_merging.

The diagonal Fisher matrices are those of `compute_fisher_for_model` (model_merging/fisher.py, the exact expectation,
example by example), the models those of `_merge_with_coeffs` (model_merging/merging.py) with coefficients 0.2, 0.3
and 0.5. Both files ran unchanged, with torch behind the names that they use of TensorFlow.

The authors raise Fisher matrices to the floor before they divide by the norm, and by default only those of the first
model, the one that merging is to help; here all tasks are alike, and the floor comes after the norm.
"""

import numpy as np
import pytest
import torch
from oracle_models import EXPERTS, N_EXAMPLES, architecture, joined, problem, stored

import frontrunner as fr
from frontrunner.methods.flat_weights import FlatWeights
from frontrunner.methods.merging.fisher_merging import add_squared_gradients

FISHER = [
    """
        0.01267942 0.01181332 0.02608949 0.04730193 0.0254075 0.04946114 0.0007352072 0.000417457 0.001077524
        0.01248603 0.006177299 0.01071711 0.02985344 0.1164528 0.001655292 0.02044174 0.04613888 2.27383
        0.001103808 0.05985666 0.03264388 0.4550477 0.005207226 0.07951763 0.1823096 0.04286955 0.1756925
        0.1671734 0.1641787 0.03742247 0.1598083 0.1528474 0.09523088 0.02201605 0.1064727 0.1023922 0.2385751
        0.2148492 0.1345366
    """,
    """
        0.03988591 0.003133712 0.03707216 0.03624631 0.01540837 0.04117587 0.005541403 0.002529676 0.007801935
        0.02258839 0.007867559 0.03050275 0.02077306 0.01811992 0.002921216 0.01109668 0.0656902 1.046453
        0.01536979 0.1580504 0.07024281 0.3302588 0.01170344 0.1148358 0.08365776 0.009930526 0.08998593
        0.09213588 0.09703034 0.01257613 0.1143679 0.115907 0.0507848 0.00790346 0.08676054 0.08707985 0.2082863
        0.2457918 0.1646527
    """,
    """
        0.05591066 0.02222046 0.04205482 0.06132038 0.05139442 0.06868517 0.004203223 0.004390264 0.005570352
        0.033253 0.02926237 0.04831119 0.008051119 0.01180806 0.000886397 0.007269917 0.03218703 0.1833537
        0.01107064 0.1228985 0.03856837 0.145607 0.01244386 0.07688805 0.09201473 0.005536439 0.05274102
        0.06662241 0.09433985 0.005607491 0.05665584 0.07159784 0.06326798 0.004834357 0.051501 0.06214724
        0.227832 0.2328518 0.1862416
    """,
]
PUBLISHED = {
    # (normalize_fishers, fisher_floor): the parameters
    (True, 1e-6): """
        0.1614907 0.3193015 0.5630904 -0.2633594 -0.05085995 -0.06515528 0.5090475 -0.2303282 -0.5247266
        -0.5128134 -0.2250966 0.4869122 0.6591485 0.7403514 0.1870103 -0.6444055 0.4479913 0.2934955 -0.3565197
        -0.3456515 -0.1209322 -0.3616787 -0.5708183 0.2227483 0.5259016 0.7163303 0.3761358 -0.6005558 0.3791834
        -0.5527655 0.6342204 0.2063109 -0.2505782 -0.2612665 0.2195059 0.5972474 0.5303847 0.3991778 -0.2046128
    """,
    (False, 1e-6): """
        0.1996463 0.3714089 0.6316139 -0.3233995 -0.03815465 -0.09820525 0.569698 -0.2262449 -0.5614915
        -0.5585154 -0.2277335 0.5412281 0.7732617 0.8776401 0.1929149 -0.7689002 0.4973249 0.3335429 -0.4107861
        -0.3638117 -0.1626004 -0.4380909 -0.6335372 0.2792745 0.642889 0.8546141 0.4326819 -0.7226916 0.4687605
        -0.6607016 0.7408594 0.2632438 -0.2754965 -0.2984176 0.2778774 0.6933295 0.6044675 0.4397592 -0.2570027
    """,
    # favor_target_model=False: all models have the floor
    (False, 1e-2): """
        0.1996463 0.3963672 0.6316139 -0.3233995 -0.03815465 -0.09820525 0.6099 -0.2483 -0.6104 -0.5585154
        -0.2308204 0.5412281 0.7569898 0.8776401 0.2104 -0.7402194 0.4973249 0.3335429 -0.4431905 -0.3638117
        -0.1626004 -0.4380909 -0.6642115 0.2792745 0.642889 0.8066071 0.4326819 -0.7226916 0.4687605 -0.6203491
        0.7408594 0.2632438 -0.2754965 -0.2808672 0.2778774 0.6933295 0.6044675 0.4397592 -0.2570027
    """,
}
PARAMETERS = [name for name, _ in architecture().named_parameters()]


@pytest.mark.parametrize("t", range(3))
def test_the_fisher_matrix_is_that_of_the_authors(t):
    posed = problem()
    weights = FlatWeights(posed, PARAMETERS)
    found = torch.zeros(weights.size)
    for i in range(N_EXAMPLES):
        example = [examples["train"].take(torch.tensor([i])) for examples in posed.data]
        add_squared_gradients(posed, t, weights, EXPERTS[t], example, found)
    torch.testing.assert_close(found / N_EXAMPLES, stored(FISHER[t]), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(("normalize", "floor"), PUBLISHED)
def test_the_merge_is_that_of_the_authors(normalize, floor):
    learner = fr.make_learner("fisher-merging", n_examples=N_EXAMPLES, normalize=normalize, floor=floor)
    solved = learner.fit(problem(), np.eye(3), fr.Context()).solve([0.2, 0.3, 0.5])
    merged = joined({name: solved[name] for name in PARAMETERS})
    torch.testing.assert_close(merged, stored(PUBLISHED[normalize, floor]), atol=1e-6, rtol=0)
