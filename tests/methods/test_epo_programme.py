from itertools import combinations

import numpy as np
import pytest

from frontrunner.methods.scalarization.epo import solve_epo


def programme(losses, preference, gramian):
    """EPO's objective, rows and least values, as algorithm 1 of its paper poses them."""
    n_tasks = len(losses)
    weighted = preference * losses
    shares = weighted / weighted.sum()
    logs = np.log(n_tasks * shares)
    c = gramian @ (preference * (logs - shares @ logs))
    if shares @ logs <= 1e-4:
        return gramian.sum(axis=0), np.vstack([gramian, c]), np.append(np.zeros(n_tasks), min(c.max(), 0))
    least = np.where(c > 0, -np.inf, c) if (c > 0).any() else np.zeros(n_tasks)
    least[weighted.argmax()] = 0
    return c, gramian[np.isfinite(least)], least[np.isfinite(least)]


def best_vertex(objective, rows, least):
    """The largest objective among the corners of the feasible part of the simplex; None where nothing is feasible."""
    n_tasks = len(objective)
    sizes = np.abs(rows).max(axis=1)
    rows = np.vstack([rows / sizes[:, None], np.eye(n_tasks)])
    least = np.append(least / sizes, np.zeros(n_tasks))
    values = []
    for active in combinations(range(len(rows)), n_tasks - 1):
        corner = np.vstack([np.ones(n_tasks), rows[list(active)]])
        if np.linalg.cond(corner) < 1e13:
            alpha = np.linalg.solve(corner, np.append(1, least[list(active)]))
            if (rows @ alpha >= least - 1e-11).all():
                values.append(objective @ alpha)
    return max(values, default=None)


@pytest.mark.parametrize("n_tasks", [2, 3, 4])
@pytest.mark.parametrize("orders", [0, 4])
def test_epo_finds_the_best_corner_for_gradients_of_any_length(n_tasks, orders):
    rng = np.random.default_rng(orders)
    solved = 0
    for k in range(30):
        lengths = 10 ** rng.uniform(-orders / 2, orders / 2, size=(n_tasks, 1))
        gradients = lengths * rng.normal(size=(n_tasks, 2 * n_tasks))
        gramian = gradients @ gradients.T / np.square(gradients).sum(axis=1).max()
        preference = 0.95 * rng.dirichlet(np.ones(n_tasks)) + 0.05 / n_tasks
        nearly_balanced = rng.uniform(0.5, 1) / preference * (1 + 1e-3 * rng.normal(size=n_tasks))
        losses = nearly_balanced if k % 2 else rng.uniform(0.05, 2, n_tasks)
        objective, rows, least = programme(losses, preference, gramian)
        best = best_vertex(objective, rows, least)
        if best is None:
            continue
        alpha = solve_epo(losses, preference, gramian).alpha
        assert objective @ alpha == pytest.approx(best, abs=1e-9 * np.abs(objective).max())
        assert ((rows @ alpha - least) / np.abs(rows).max(axis=1)).min() >= -1e-9
        solved += 1
    assert solved >= 20
