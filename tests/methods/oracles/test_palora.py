"""`palora` has the layers and the evenly spaced preferences of its authors' code.

Computed in float64 (preferences in float32) by `PaLinear` and `PaConv2d` of
src/callbacks/methods/ll/palora_modules.py and `AnnealingSampler` of src/callbacks/methods/utils/samplers.py in
https://github.com/nik-dim/palora at f9e8210, for three tasks, lora_alpha 3, rank 2 (linear) and 1 (convolution).
"""

import numpy as np
import pytest
import torch
from waves import wave

from frontrunner.methods.whole_set.annealed_preferences import annealed_lattice
from frontrunner.methods.whole_set.task_adapters import TaskAdapters

PREFERENCE = torch.tensor([0.2, 0.5, 0.3], dtype=torch.float64)
LINEAR = [
    [-0.448880828942, 1.3195802663, 0.108839524755, -1.347627013353, 0.238429117314],
    [1.273915681352, -1.504857328899, -0.886130518294, 1.733203405917, 0.439503085601],
    [-2.069186124346, 0.875825203109, 1.843495613574, -1.350873723243, -1.495390330118],
    [2.179155425889, 0.359692237676, -2.27184415482, 0.225736984816, 2.213674219515],
]
KERNEL = [
    [-1.174762130956, -0.725199452791, 1.361638044472, 0.374320322284],
    [2.758212932369, 1.689082387005, -3.193470864324, -0.866160109883],
    [-0.491466464583, -2.816788470877, 1.217321836718, 2.503098037983],
    [1.47810822179, 1.708063275268, -1.918257319644, -1.213749486712],
    [-0.319919259343, -3.773394864211, 1.292281565456, 3.440388134634],
    [-0.586781717236, 1.921294864485, 0.091685186822, -1.944921127546],
]
LATTICE = {
    0.0: [[0.5, 0.5]] * 4,
    0.3: [
        [0.001014160147, 0.998985839853],
        [0.265558252148, 0.734441747852],
        [0.734441747852, 0.265558252148],
        [0.998985839853, 0.001014160147],
    ],
    1.0: [
        [1.05e-10, 0.999999999895],
        [0.03258039687, 0.96741960313],
        [0.96741960313, 0.03258039687],
        [0.999999999895, 1.05e-10],
    ],
}


@pytest.mark.parametrize(
    ("shape", "rank", "rows", "columns", "inner", "published"),
    [((4, 5), 2, 4, 5, 2, LINEAR), ((3, 2, 2, 2), 1, 6, 4, 2, KERNEL)],
)
@pytest.mark.parametrize("speed", [1.0, 3.0])
def test_palora_has_the_weights_of_its_authors(shape, rank, rows, columns, inner, published, speed):
    adapters = TaskAdapters(shape, rank, 3, scaling=3 / rank, speed=speed, generator=torch.Generator()).double()
    with torch.no_grad():
        adapters.left.copy_(torch.stack([wave(rows, inner, phase=5 + t) for t in range(3)]) / speed)
        adapters.right.copy_(torch.stack([wave(inner, columns, phase=2 + t) for t in range(3)]) / speed)
        found = wave(*shape, phase=1) + adapters(PREFERENCE).view(shape)
    np.testing.assert_allclose(found.flatten(), np.ravel(published), atol=1e-11, rtol=0)


@pytest.mark.parametrize(("time", "published"), list(LATTICE.items()))
def test_preferences_move_apart_as_in_its_authors_code(time, published):
    np.testing.assert_allclose(annealed_lattice(2, 4, time), published, atol=1e-7, rtol=1e-5)
