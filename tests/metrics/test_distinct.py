import numpy as np
import pytest

from frontrunner.metrics import Front, distinct_answers, simplex_grid
from frontrunner.metrics.builtin_indicators import DistinctAnswers
from frontrunner.metrics.indicator import ScoringInput

GRID = simplex_grid(3, 5)


@pytest.mark.parametrize("scale", [1.0, 1e-12, 1e12])
def test_one_model_that_is_evaluated_again_and_again_is_one_answer(scale):
    rng = np.random.default_rng(0)
    front = Front(np.full((15, 3), 0.25), GRID)
    losses = scale * np.array([0.7, 1.3, 2.9]) * np.ones((15, 1))
    noisy = losses * (1 + 1e-9 * rng.normal(size=losses.shape))
    assert distinct_answers(front) == distinct_answers(front, losses) == distinct_answers(front, noisy) == 1


def test_equal_errors_of_models_with_other_losses_are_different_answers():
    losses = np.linspace(0.5, 0.6, 15)[:, None] * np.ones(3)
    assert distinct_answers(Front(np.full((15, 3), 0.25), GRID), losses) == 15


def test_answers_are_counted_once_and_losses_that_are_no_numbers_tell_nothing():
    errors = np.repeat([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]], [5, 10], axis=0)
    losses = np.full_like(errors, np.nan)
    losses[0] = np.inf
    assert distinct_answers(Front(errors, GRID), losses) == 2
    assert distinct_answers(Front(GRID, GRID), GRID) == 15


def test_the_indicator_counts_answers_to_preferences_only():
    def value(preferences):
        return DistinctAnswers().value(ScoringInput(Front(GRID, preferences), GRID, np.ones(3)))

    assert value(GRID) == 15
    assert value(None) is None
