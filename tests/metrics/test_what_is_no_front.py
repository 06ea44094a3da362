"""Every indicator refuses points that were never checked as a Front, in the same sentence."""

import numpy as np
import pytest

import frontrunner as fr

INDICATORS = {
    "hypervolume": lambda points: fr.hypervolume(points, (3, 3)),
    "igd": lambda points: fr.igd(points, [[1, 1]]),
    "igd_plus": lambda points: fr.igd_plus(points, [[1, 1]]),
    "spread": lambda points: fr.spread(points, [[1, 1]]),
    "largest_gap": fr.largest_gap,
    "alignment": fr.alignment,
    "expected_utility": fr.expected_utility,
    "dominated_share": fr.dominated_share,
    "non_uniformity": fr.non_uniformity,
    "normalised": lambda points: fr.normalised(points, [0, 0], [1, 1]),
}


@pytest.mark.parametrize("name", INDICATORS)
@pytest.mark.parametrize("points", [[[1, 2], [2, 1]], np.array([[1.0, 2.0]]), ((1, 2),), None, "12"])
def test_points_that_are_no_front_are_refused_with_what_makes_them_one(name, points):
    expected = rf"^an indicator takes a Front; found {type(points).__name__}, make it one by fr\.Front\(points\)$"
    with pytest.raises(fr.FrontError, match=expected):
        INDICATORS[name](points)


@pytest.mark.parametrize("name", INDICATORS)
def test_the_same_points_as_a_front_are_taken(name):
    INDICATORS[name](fr.Front([[1, 2], [2, 1]]))
