"""The suite `dtlz2`: three objectives whose front is an octant of the unit sphere."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .classical import ClassicalSuite
from .dense_simplex import dense_simplex
from .unit_box import to_unit_box

DIMENSION = 12
"""The length of x: two angles and ten distances, as the source recommends for three objectives."""


class Dtlz2(ClassicalSuite):
    """Poses f = (1 + g) (cos a cos b, cos a sin b, sin a), minimised; the front |f| = 1 is concave.

    a = x_1 pi / 2, b = x_2 pi / 2 and g = sum of (x_i - 1/2)^2 over x_3 ... x_12, which is 0 on the front.

    Source: Deb, Thiele, Laumanns and Zitzler, CEC 2002, problem DTLZ2. The weights are u with
    x = sin^2(pi u / 2), see `to_unit_box`.
    """

    name: ClassVar[str] = "dtlz2"
    tasks: ClassVar[tuple[str, ...]] = ("f1", "f2", "f3")
    reference: ClassVar[tuple[float, ...]] = (1.1, 1.1, 1.1)

    def objectives(self, x: Tensor) -> Tensor:
        """Return the objectives (3,) of u (12,)."""
        box = to_unit_box(x)
        a, b = box[0] * (math.pi / 2), box[1] * (math.pi / 2)
        g = (box[2:] - 0.5).square().sum()
        return (1 + g) * torch.stack([a.cos() * b.cos(), a.cos() * b.sin(), a.sin()])

    def start(self) -> NDArray[np.float64]:
        """Return u with the middle angles, at a distance from the front: g = 1.25."""
        return np.array([0.5, 0.5, *[0.25] * (DIMENSION - 2)])

    def minimisers(self) -> NDArray[np.float64]:
        """Return vectors u at which objective t is 0 and the other two are equal; u = 0, 1/2, 1 is x = 0, 1/2, 1."""
        experts = np.full((3, DIMENSION), 0.5)
        experts[0, 1] = 1.0
        experts[1, 1] = 0.0
        experts[2, 0] = 0.0
        return experts

    def front(self) -> NDArray[np.float64]:
        """Return a lattice of the simplex projected to the sphere, (1953, 3)."""
        lattice = dense_simplex(3)
        front: NDArray[np.float64] = lattice / np.linalg.norm(lattice, axis=1, keepdims=True)
        return front

    def hypervolume_limit(self) -> float:
        """Return the volume of the cube minus the octant of the unit ball: all beyond the sphere is dominated."""
        return 1.1**3 - math.pi / 6
