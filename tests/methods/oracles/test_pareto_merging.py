"""`pareto-merging` has the layers of PaLoRA, as its authors published them, for one choice of its cores.

No code of Pareto Merging itself (arXiv 2408.12105) is published. The weights were computed in float64 by `PaLinear` of
https://github.com/nik-dim/palora (src/callbacks/methods/ll/palora_modules.py, commit f9e8210) for rank 2 and two tasks:
W + sum_t r_t B_t A_t, which is W + A (sum_t r_t G_t) B where every G_t picks the task's own block.
"""

import numpy as np
import torch
from waves import wave

from frontrunner.methods.whole_set.pareto_merging import LowRankShift

PALORA = [
    [-0.160124258076, 1.141416578593, -0.134006225623, -1.106884649847, 0.419238211529],
    [0.934861529918, -1.477376601837, -0.554157847622, 1.620176977111, 0.136656081052],
    [-1.702348813627, 1.000852256309, 1.444440207969, -1.373068592581, -1.090615551081],
    [1.808894279374, 0.090459652500, -1.832204735735, 0.381679332744, 1.733850174514],
]
"""The weights at the preference (0.3, 0.7)."""


def test_blocks_as_cores_give_the_layer_of_palora():
    shift = LowRankShift(torch.Size([4, 5]), 4, 2, torch.Generator()).double()
    with torch.no_grad():
        shift.left.copy_(torch.cat([wave(4, 2, phase=5), wave(4, 2, phase=6)], dim=1))
        shift.right.copy_(torch.cat([wave(2, 5, phase=2), wave(2, 5, phase=3)]))
        shift.cores.copy_(torch.diag_embed(torch.tensor([[1.0, 1, 0, 0], [0, 0, 1, 1]])))
        found = wave(4, 5, phase=1) + shift(torch.tensor([0.3, 0.7], dtype=torch.float64))
    np.testing.assert_allclose(found, PALORA, atol=1e-11, rtol=0)
