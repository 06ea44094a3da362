"""What a finished set says of itself, and how long one answer takes."""

import pytest

import frontrunner as fr
from frontrunner.harness.running.meter import Meter
from frontrunner.harness.running.set_diagnostics import checked_diagnostics, time_one_answer
from frontrunner.harness.scoring.measures import MEASURES


def a_set(**diagnostics):
    return fr.ContinuousSet(2, lambda preference: {}, total_parameters=1, diagnostics=diagnostics)


@pytest.mark.parametrize(
    "name", [*MEASURES, "hypervolume_error", "train_loss", "min_error_digits", "measured", "a/b", ""]
)
def test_a_set_may_not_pass_its_own_number_for_what_is_measured(name):
    with pytest.raises(fr.ConfigError, match="may not name a metric"):
        checked_diagnostics(a_set(**{name: 1.0}), {"measured": 2.0})


def test_its_other_numbers_are_recorded():
    assert checked_diagnostics(a_set(epo_unsolved=3, chosen_lambda=0.5), {}) == {
        "epo_unsolved": 3.0,
        "chosen_lambda": 0.5,
    }


def test_a_set_of_its_own_preferences_only_has_no_time_of_an_answer():
    problem = fr.load_problem("vlmop2", device="cpu", seed=0)
    finite = fr.FiniteSet(2, lambda i: {}, ["a", "b"], preferences=fr.simplex_grid(2, 2), total_parameters=1)
    assert time_one_answer(problem, finite, Meter("cpu")) is None
    assert time_one_answer(problem, a_set(), Meter("cpu")) > 0
