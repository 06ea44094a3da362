import numpy as np
import pytest
from gradient_cases import GRADIENTS, LOSSES, RAYS

from frontrunner.methods.scalarization.pmgda import correction_weights, distance_from_ray, prediction_weights

# By libmoon/solver/gradient/methods/pmgda_solver.py of its authors' library, https://github.com/xzhang2523/libmoon at
# b43d825: h and its derivatives by get_Jhf, weights for sigma = 0.95 by solve_pmgda (cvxopt; gradients times 1e5, so
# that the 1e-4 that it adds to lengths does not count), directions by solve_mgda_null.
DISTANCES = [
    (0.721110237211, [-0.55470020998, 0.832050285168]),
    (0.604009551384, [0.919145016145, -0.393919330951]),
    (0.838858874023, [0.181951438644, -0.55840269101, 0.809370192587]),
    (1.153978594639, [-0.577711452743, 0.389955183568, 0.231084593828, 0.67881097713]),
]
CORRECTIONS = [
    [0.024854028681, 0.398455478455],
    [0.986707693617, -0.082456512294],
    [0.030357581451, -0.092999923561, 0.279421997472],
    [-0.104650279981, 0.0706390407, 0.041860114299, 0.218456769185],
]
PREDICTIONS = [
    [-0.092283561075, -0.093256649639, -0.085665693124, -0.051252859759],
    [0.118566728831, -0.243503342205, -0.088940762316, 0.200760429982],
    [0.012901058521, -0.704551500724, -0.008659518943, -0.034208999779, -0.107704304386],
    [0.348287589464, -0.388248605378, -0.616528929027, 0.515178645777, -0.227018096372, -0.387681678545],
]


@pytest.mark.parametrize("case", range(len(GRADIENTS)))
class TestPublished:
    def test_pmgda_measures_the_distance_from_the_ray_as_its_authors(self, case):
        distance, slopes = distance_from_ray(np.array(LOSSES[case]), np.array(RAYS[case]))
        assert distance == pytest.approx(DISTANCES[case][0], abs=1e-7)
        np.testing.assert_allclose(slopes, DISTANCES[case][1], atol=1e-7)

    def test_pmgda_corrects_as_its_authors(self, case):
        rows = np.array(GRADIENTS[case])
        _, slopes = distance_from_ray(np.array(LOSSES[case]), np.array(RAYS[case]))
        found = correction_weights(rows @ rows.T, slopes, 0.95)
        np.testing.assert_allclose(found, CORRECTIONS[case], atol=5e-4)

    def test_pmgda_predicts_as_its_authors(self, case):
        rows = np.array(GRADIENTS[case])
        _, slopes = distance_from_ray(np.array(LOSSES[case]), np.array(RAYS[case]))
        np.testing.assert_allclose(prediction_weights(rows @ rows.T, slopes) @ rows, PREDICTIONS[case], atol=1e-10)
