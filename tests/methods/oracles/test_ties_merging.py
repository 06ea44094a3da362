"""TIES against its authors' code: https://github.com/prateeky2806/ties-merging, src/utils/merge_utils.py.

The stored models are theta_0 + 0.4 `merge_methods("topk", ..., resolve_method="mass")` of the three task vectors.
"""

import numpy as np
import pytest
import torch
from oracle_models import joined, problem, stored

import frontrunner as fr
from frontrunner.methods.merging.ties_merging import elect_and_merge

PUBLISHED = {
    # (reset_thresh, merge_func): the model
    (20, "dis-sum"): """
        0.08 0.4796 0.6832 -0.228 -0.08840001 -0.056 0.721 -0.3502 -0.661 -0.66 -0.3354 0.7372 0.713 0.6828
        0.3092 -0.768 0.5758 0.3848 -0.4568 -0.603 -0.0822 -0.3712 -0.6813999 0.117 -0.7702 -0.777 -0.4054 0.729
        0.6295 0.7095 1.117 1.3355 0.7018 0.742 0.598 -0.7882 0.4682 -0.599 0.6836 0.078 -0.3606 -0.3562 0.094
        0.6824 0.656 0.5414 -0.124
    """,
    (20, "dis-mean"): """
        0.08 0.4796 0.6832 -0.228 -0.08840001 -0.056 0.721 -0.3502 -0.661 -0.66 -0.3354 0.7372 0.713 0.6828
        0.3092 -0.768 0.5758 0.3848 -0.4568 -0.603 -0.0822 -0.3712 -0.6813999 0.117 -0.7702 -0.777 -0.4054 0.729
        0.6295 0.7095 1.117 1.3355 0.7018 0.742 0.598 -0.7882 0.4682 -0.599 0.6836 0.078 -0.3606 -0.3562 0.094
        0.6824 0.656 0.5414 -0.124
    """,
    (50, "dis-sum"): """
        0.29 0.5632 0.6832 -0.4372 -0.08840001 -0.144 0.721 -0.259 -0.661 -0.66 -0.2458 0.7372 0.8222 0.6828
        0.2228 -0.664 0.485 0.29 -0.5432 -0.3922 -0.173 -0.466 -0.6813999 0.3278 -0.7702 -0.6706 -0.3082
        0.8357999 0.6295 0.7095 1.117 1.3355 0.7018 0.8464 0.3876 -0.7882 0.5534 -0.599 0.6836 0.288 -0.2682
        -0.2646 0.3044 0.6824 0.656 0.4442 -0.3344
    """,
    (50, "dis-mean"): """
        0.185 0.4626 0.6832 -0.3326 -0.08840001 -0.042 0.721 -0.362 -0.661 -0.66 -0.3484 0.7372 0.8222 0.6828
        0.3244 -0.664 0.588 0.394 -0.4416 -0.4976 -0.07 -0.362 -0.6813999 0.2224 -0.7702 -0.6706 -0.4126
        0.8357999 0.6295 0.7095 1.117 1.3355 0.7018 0.8464 0.4928 -0.7882 0.4522 -0.599 0.6836 0.183 -0.3716
        -0.3678 0.1992 0.6824 0.656 0.5486 -0.2292
    """,
}


@pytest.mark.parametrize(("percent", "merge"), PUBLISHED)
def test_the_merge_is_that_of_the_authors(percent, merge):
    learner = fr.make_learner("ties-merging", keep=percent / 100, merge=merge[4:], points=2, max_lambda=0.4)
    (_, _, _), (_, _, merged) = learner.fit(problem(), np.eye(3), fr.Context()).members(np.eye(3))
    torch.testing.assert_close(joined(merged), stored(PUBLISHED[percent, merge]), atol=1e-6, rtol=0)


def test_sums_and_means_are_told_apart_by_the_stored_models():
    assert (stored(PUBLISHED[50, "dis-sum"]) - stored(PUBLISHED[50, "dis-mean"])).abs().max() > 0.05


def test_where_all_votes_are_tied_nothing_is_merged():
    # The authors' code keeps the negative entries there, since it asks "not positive"; no sign was elected.
    assert elect_and_merge(torch.tensor([[1.0, -2.0], [-1.0, 2.0]])).tolist() == [0, 0]
