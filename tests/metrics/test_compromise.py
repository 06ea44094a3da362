import numpy as np
import pytest

from frontrunner.errors import FrontError
from frontrunner.metrics import Front, compromise_share, hypervolume
from frontrunner.metrics.builtin_indicators import CompromiseShare
from frontrunner.metrics.indicator import ScoringInput


@pytest.mark.parametrize(
    ("points", "share"),
    [
        ([[0.5, 0.5]], 1.0),
        ([[0.5, 0.5], [0.5, 0.5], [0.6, 0.9]], 1.0),  # repeated and dominated answers add nothing
        ([[0.0, 0.5], [0.5, 0.0]], 0.5 / 0.75),
        ([[0.0, 0.8], [0.8, 0.0], [0.5, 0.5]], 0.25 / 0.45),  # a weak compromise between good corners
        ([[0.0, 1.0], [0.5, 0.5]], 1.0),  # the corner lies on the reference point's edge
        ([[0.2, 2.0], [0.5, 0.5]], 1.0),  # and this one beyond it
    ],
)
def test_is_the_best_answers_hypervolume_over_that_of_all(points, share):
    assert compromise_share(Front(points), [1.0, 1.0]) == pytest.approx(share)


def test_a_front_of_a_good_compromise_and_one_of_a_good_choice_are_told_apart():
    compromise = Front([[0.29, 0.29], [0.3, 0.28]])
    choice = Front([[t, (1 - np.sqrt(t)) ** 2] for t in np.linspace(0, 1, 50)])
    of_one, of_many = (compromise_share(front, [1.0, 1.0]) for front in (compromise, choice))
    assert of_one > 0.97 > 0.7 > of_many


def test_is_absent_without_hypervolume_and_never_above_1():
    assert compromise_share(Front([[1.0, 0.2]]), [1.0, 1.0]) is None
    front = Front(np.random.default_rng(0).uniform(size=(40, 5)))
    estimate = hypervolume(front, np.ones(5), time_budget_s=0.0)
    assert 0 < compromise_share(front, np.ones(5), estimate) <= 1
    with pytest.raises(FrontError):
        compromise_share([[0.5, 0.5]], [1.0, 1.0])


def test_the_indicator_uses_the_recorded_reference_point():
    scored = ScoringInput(Front([[0.0, 0.5], [0.5, 0.0]]), np.zeros((2, 2)), np.array([2.0, 2.0]))
    assert CompromiseShare().value(scored) == pytest.approx(3.0 / 3.75)
