"""Tests that every indicator must pass."""

from __future__ import annotations

import re

import numpy as np
import pytest

from ..metrics import Front, Indicator, ReferenceFront, ScoringInput, hypervolume, simplex_grid

NAME = re.compile(r"[a-z][a-z0-9_]*")


def scoring_input(n_tasks: int = 3, *, preferences: bool = True, everything: bool = True) -> ScoringInput:
    """Make a front whose answers follow their preferences, with all that indicators may look at.

    Args:
        n_tasks: T, at least 2.
        preferences: whether its answers stand for preferences.
        everything: whether the true front, the experts' errors and a reference front are known.
    """
    grid = simplex_grid(n_tasks, 4)
    errors = 0.9 - 0.5 * np.sqrt(grid) + 0.01 * np.arange(len(grid))[:, None] / len(grid)
    point = np.ones(n_tasks)
    true_front = ReferenceFront(errors - 0.05)
    return ScoringInput(
        front=Front(errors, grid if preferences else None),
        losses=2 * errors,
        reference_point=point,
        true_hypervolume=hypervolume(true_front, point).value if everything else None,
        expert_errors=np.full(n_tasks, 0.2) if everything else None,
        pretrained_errors=np.full(n_tasks, 0.95) if everything else None,
        reference=true_front if everything else None,
    )


class IndicatorConformance:
    """Every indicator must pass these tests; subclass it and override the fixture `indicator`."""

    @pytest.fixture
    def indicator(self) -> Indicator:
        """The indicator that is tested; every subclass overrides this fixture."""
        raise NotImplementedError("override the fixture `indicator`: it returns the indicator that is tested")

    def test_it_is_described(self, indicator: Indicator) -> None:
        """The indicator's name can be a column's, and its docstring tells readers of a leaderboard what it is."""
        assert NAME.fullmatch(indicator.name)
        assert indicator.heading.strip() == indicator.heading != ""
        assert isinstance(indicator.maximize, bool)
        assert indicator.version
        assert indicator.least < indicator.most
        assert (indicator.__doc__ or "").strip().partition("\n")[0]

    @pytest.mark.parametrize("n_tasks", [2, 3, 5])
    @pytest.mark.parametrize("everything", [True, False])
    @pytest.mark.parametrize("preferences", [True, False])
    def test_a_value_is_a_finite_number_in_its_range_or_absent(
        self, indicator: Indicator, n_tasks: int, everything: bool, preferences: bool
    ) -> None:
        """A value that has no meaning for a front is None, not 0 and not NaN."""
        value = indicator.value(scoring_input(n_tasks, preferences=preferences, everything=everything))
        missing = {
            "preferences": not preferences,
            "true front": not everything,
            "experts": not everything,
            "reference": not everything,
        }
        if any(missing[need] for need in indicator.needs):
            assert value is None
        if value is not None:
            assert np.isfinite(value)
            assert indicator.least <= value <= indicator.most

    def test_it_says_something_where_everything_is_known(self, indicator: Indicator) -> None:
        """An indicator that is always absent measures nothing."""
        assert indicator.value(scoring_input()) is not None

    def test_the_order_of_answers_does_not_matter(self, indicator: Indicator) -> None:
        """Reordered answers have the same value, since a front is a set."""
        scored = scoring_input()
        order = np.random.default_rng(0).permutation(scored.front.n_points)
        assert scored.front.preferences is not None
        shuffled = ScoringInput(
            front=Front(scored.front.objectives[order], scored.front.preferences[order]),
            losses=scored.losses[order],
            reference_point=scored.reference_point,
            true_hypervolume=scored.true_hypervolume,
            expert_errors=scored.expert_errors,
            pretrained_errors=scored.pretrained_errors,
            reference=scored.reference,
        )
        assert indicator.value(shuffled) == pytest.approx(indicator.value(scored), rel=1e-9)

    def test_the_same_front_has_the_same_value_and_is_left_as_it_was(self, indicator: Indicator) -> None:
        """Scoring again gives the same value and changes nothing, since scores are computed once and kept."""
        scored = scoring_input()
        before = scored.front.objectives.copy(), scored.losses.copy()
        assert indicator.value(scored) == indicator.value(scoring_input())
        assert np.array_equal(before[0], scored.front.objectives)
        assert np.array_equal(before[1], scored.losses)
