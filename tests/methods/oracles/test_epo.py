import numpy as np
import pytest
import torch

from frontrunner.methods.scalarization.epo import EpoScalarization, solve_epo

# (gradients, preference, losses, move, non-uniformity mu, alpha), by toy_experiments/solvers/epo_lp.py of
# https://github.com/dbmptr/EPOSearch at 19f14dd, run with cvxpy 1.9.3 and GLPK of cvxopt 1.3.3. Its alpha times T
# weighs the losses in phn/solvers.py of https://github.com/AvivNavon/pareto-hypernetworks at 6355fd2.
PUBLISHED = [
    (
        [[0.36, 1.51, -1.79, 1.69], [-0.05, -0.8, -0.8, -1.08]],
        [0.89, 0.11],
        [1.3, 0.67],
        "balance",
        0.466497252397,
        [0.831805762617, 0.168194237383],
    ),
    (
        [[-1.4, -1.2, -1.3, -0.62], [1.45, -1.6, 0.94, 1.26]],
        [0.47, 0.53],
        [0.8511, 0.7547],
        "descend",
        5.281144378e-10,
        [0.563849626585, 0.436150373415],
    ),
    (
        [[0.55, 0.22, -0.06, -2.32, 0.43], [-2.13, 0.91, 0.61, 0.83, 0.83], [0.3, -0.54, -0.31, 1.51, -0.58]],
        [0.39, 0.25, 0.36],
        [1.4, 0.2, 0.52],
        "balance",
        0.3293696916,
        [0.611575518928, 0, 0.388424481072],
    ),
    (
        [[1.35, 0.34, -1.16, -0.19, -0.34], [-0.23, 0.6, -1.28, 0.97, -1.13], [-0.19, 0.89, 0.66, -0.69, 1.77]],
        [0.69, 0.1, 0.21],
        [1.59, 1.59, 1.94],
        "balance",
        0.255130306118,
        [0.883793958799, 0, 0.116206041201],
    ),
    (
        [[0.35, 0, -0.53, -2.28, 0.02], [0.93, 1.04, -0.54, 2.23, 1.94], [-0.23, -0.16, 0.96, -0.25, 0.22]],
        [0.44, 0.22, 0.34],
        [0.9091, 1.8182, 1.1765],
        "descend",
        2.499928237e-11,
        [0.190626560163, 0.238938323397, 0.570435116439],
    ),
    (
        [
            [-1.93, -3.02, 1.15, 1.56, 1.33, -0.43],
            [-0.07, -0.29, 1.37, 0.87, 0.06, 0.71],
            [1.36, 0.37, -1.09, -0.07, -0.43, -1.59],
            [-2.05, 0.15, -1.05, 0.41, -0.8, 0.8],
        ],
        [0.02, 0.38, 0.43, 0.17],
        [0.11, 1.89, 0.23, 1.96],
        "balance",
        0.510128900736,
        [0, 1, 0, 0],
    ),
    (
        [
            [1.25, 0.78, 0.96, -1.08, 0.87, -0.17, -0.19, 1.12],
            [-0.44, -1.28, -0.47, -1.2, -1.84, -0.15, 0.4, -2.16],
            [0.01, 0.26, 0.17, -1.27, -0.31, -0.19, 0.43, -1.29],
            [0.38, 0.99, -2.29, 0.22, -1.53, -0.17, -0.68, 1.27],
            [0.06, 0.8, -1.05, 0.46, 1.42, -0.71, 0.67, 0.48],
        ],
        [0.3, 0.25, 0.24, 0.11, 0.1],
        [0.22, 0.5, 0.67, 1.83, 0.7],
        "balance",
        0.089185306311,
        [0, 0.114786206036, 0, 0.885213793964, 0],
    ),
]
COLUMNS = ("gradients", "preference", "losses", "move", "mu", "alpha")


@pytest.mark.parametrize(COLUMNS, PUBLISHED)
def test_the_programme_of_epo_search_has_the_published_solution(gradients, preference, losses, move, mu, alpha):
    rows = np.array(gradients)
    step = solve_epo(np.array(losses), np.array(preference), rows @ rows.T)
    assert step.mode == move
    assert step.non_uniformity == pytest.approx(mu, rel=1e-6, abs=1e-15)
    np.testing.assert_allclose(step.alpha, alpha, atol=1e-6)


@pytest.mark.parametrize(COLUMNS, PUBLISHED)
def test_a_step_of_epo_search_is_the_published_one(gradients, preference, losses, move, mu, alpha):
    rows = np.array(gradients)
    found = EpoScalarization().combined(
        torch.tensor(losses, dtype=torch.float64), torch.tensor(rows), np.array(preference)
    )
    np.testing.assert_allclose(found[0], len(losses) * np.array(alpha) @ losses, rtol=1e-6)
    np.testing.assert_allclose(found[1], len(losses) * np.array(alpha) @ rows, atol=1e-6)
