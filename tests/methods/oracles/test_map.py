"""MAP against its authors' code: https://github.com/luli-git/MAP, MAP.py.

The authors model accuracies and maximise, here errors are minimised: a sigmoid of the negated quadratic. Their front
is that of `find_pareto_front` after 150 generations of NSGA-III (DEAP) in [-3, 3], which keeps every point that it
ever found non-dominated, some five thousand.
"""

import numpy as np
import pytest
from oracle_models import stored

import frontrunner as fr
from frontrunner.methods.coefficient_search.evolution import evolve_and_keep
from frontrunner.methods.coefficient_search.quadratic_surrogate import QuadraticSurrogate

PREDICTED = """
    0.5385836 0.5481997 0.7717413 0.3278784 0.3676792 0.7494493 0.5974958 0.5795701 0.4203774 0.5884422 0.651783
    0.3782307 0.6607613 0.6093185 0.4673039 0.620832 0.7068514 0.4083444 0.5287786 0.4251887 0.5232457 0.6512248
    0.3597687 0.6549084 0.5790662 0.4585204 0.8025117 0.2463333 0.4013226 0.6851347 0.6352988 0.4907358
    0.4593316 0.5029953 0.4525668 0.7128282
"""
"""Accuracies (18, 2) that `quadratic_model` predicts with the parameters of `fit_quadratic_from_json`."""
PREDICTED_BY_QUADRATICS = """
    0.4297631 0.455057 0.4589704 0.628027 0.2030337 0.5322041 0.1914313 0.5303765 0.4846878 0.5633267 0.5434262
    0.2116875 0.3287766 0.4928393 0.5125113 0.490016 0.2517576 0.5952041 0.4520059 0.4191855 0.3654103 0.4268839
    0.5829938 0.2659367
"""
"""The first eight of accuracies (30, 3) that it predicts with the identity in place of the sigmoid."""
SQUARED_ERRORS = np.array([4.056854, 4.002139, 0.01983463])
"""Of the authors' sigmoids at three tasks, summed over the 30 points."""
FRONT_HYPERVOLUME = 0.94575
"""Of the errors on the authors' front, at (1, 1): 0.94572 to 0.94578 with three seeds."""


def measured(n_tasks, n):
    """Coefficients (n, T) that fill the box evenly, and accuracies (n, T) that are no exact quadratics."""
    points = np.round(np.modf(0.5 + np.arange(n)[:, None] * np.sqrt([2, 3, 5][:n_tasks]))[0], 3)
    others = points.sum(axis=1, keepdims=True) - points
    logits = -0.5 + 3 * points - 1.2 * points**2 - 0.9 * others + 0.2 * np.sin(9 * points + np.arange(n_tasks))
    return points, np.round(1 / (1 + np.exp(-logits)), 3)


def test_the_surrogates_are_those_of_the_authors():
    points, accuracies = measured(2, 18)
    found = QuadraticSurrogate.fit(points, 1 - accuracies, sigmoid=True).predict(points)
    np.testing.assert_allclose(1 - found, stored(PREDICTED).numpy().reshape(18, 2), atol=2e-6)


def test_the_front_is_as_large_as_that_of_the_authors():
    points, accuracies = measured(2, 18)
    surrogate = QuadraticSurrogate.fit(points, 1 - accuracies, sigmoid=True)
    first = np.random.default_rng(0).uniform(-3, 3, (100, 2))
    _, errors = evolve_and_keep(surrogate.predict, first, lowest=-3, highest=3, generations=150, seed=0)
    found = fr.hypervolume(fr.Front(errors), np.ones(2)).value
    assert found == pytest.approx(FRONT_HYPERVOLUME, abs=2e-4)  # NSGA-II's last generation is 1e-3 below


def test_quadratics_without_a_sigmoid_are_those_of_the_authors():
    points, accuracies = measured(3, 30)
    found = QuadraticSurrogate.fit(points, 1 - accuracies).predict(points)[:8]
    np.testing.assert_allclose(1 - found, stored(PREDICTED_BY_QUADRATICS).numpy().reshape(8, 3), atol=2e-6)


def test_the_fit_is_never_worse_than_that_of_the_authors():
    # `curve_fit` starts from ones; at the first two of these three tasks it ends where sigmoids are flat.
    points, accuracies = measured(3, 30)
    found = QuadraticSurrogate.fit(points, 1 - accuracies, sigmoid=True).predict(points)
    squares = ((1 - found - accuracies) ** 2).sum(axis=0)
    assert squares == pytest.approx([0.01020505, 0.01917049, SQUARED_ERRORS[2]], rel=1e-5)
    assert (squares[:2] < SQUARED_ERRORS[:2]).all()
