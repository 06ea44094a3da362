"""What trials are judged by."""

import pytest

import frontrunner as fr
from frontrunner.harness.scoring.measures import COSTS, INDICATOR_MEASURES
from frontrunner.studies.objective import MissingMeasureError, make_objective, mean_values
from frontrunner.studies.spec import ObjectiveSpec


def objective(metric, direction=None):
    return make_objective(ObjectiveSpec(metric=metric, direction=direction))


@pytest.mark.parametrize("metric", [*INDICATOR_MEASURES, *COSTS])
def test_volumes_alignment_and_spread_are_maximised_and_the_rest_of_a_leaderboard_minimised(metric):
    found = objective(metric)
    assert found.maximize is ("hypervolume" in metric or metric in ("alignment", "spread", "distinct_answers"))
    assert found.direction == ("maximize" if found.maximize else "minimize")
    assert found.better(2, 1) is found.maximize
    assert found.better(1, 2) is not found.maximize
    assert not found.better(1, 1)
    assert objective(metric, found.direction) == found


def test_the_known_direction_may_not_be_turned_round():
    with pytest.raises(fr.ConfigError, match=r"^hypervolume is maximised; drop its direction$"):
        objective("hypervolume", "minimize")
    with pytest.raises(fr.ConfigError, match=r"^igd is minimised"):
        objective("igd", "maximize")


def test_a_measure_of_a_learners_own_says_its_direction():
    with pytest.raises(fr.ConfigError, match=r"'dead_units_share' is none of hypervolume, .*direction: maximize or"):
        objective("dead_units_share")
    assert objective("dead_units_share", "minimize").direction == "minimize"
    assert objective("purity", "maximize").maximize


def test_values_are_means_over_cells_in_the_order_of_objectives():
    measured = [{"fit_time_s": 1.0, "hypervolume": 0.5}, {"fit_time_s": 3.0, "hypervolume": 0.25}]
    assert mean_values([objective("hypervolume"), objective("fit_time_s")], measured) == [0.375, 2.0]


def test_a_measure_that_one_cell_lacks_is_never_averaged_over_the_others():
    measured = [{"igd": 0.1, "hypervolume": 1.0}, {"hypervolume": 1.0}]
    with pytest.raises(fr.ConfigError, match="'igd' needs a suite whose front is known"):
        mean_values([objective("igd")], measured)
    with pytest.raises(MissingMeasureError, match="'solve_time_s' was not recorded; recorded are hypervolume, igd"):
        mean_values([objective("solve_time_s")], measured[:1])
