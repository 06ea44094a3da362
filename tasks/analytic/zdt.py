"""The suites `zdt1`, `zdt2`, `zdt3`, whose fronts are convex, concave and in five pieces."""

from __future__ import annotations

import functools
import math
from abc import abstractmethod
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .classical import ClassicalSuite
from .unit_box import from_unit_box, to_unit_box

DIMENSION = 30
"""The length of x, as in the source."""


class Zdt(ClassicalSuite):
    """Poses f1 = x_1 and f2 = g h(x_1, g) on [0, 1]^30, minimised; g = 1 + 9 mean(x_2 ... x_30) is 1 on the front.

    Source: Zitzler, Deb and Thiele, Evolutionary Computation 8(2), 2000, equations 7 to 9. The weights are u with
    x = sin^2(pi u / 2), see `to_unit_box`.
    """

    tasks: ClassVar[tuple[str, ...]] = ("f1", "f2")
    reference: ClassVar[tuple[float, ...]] = (1.1, 1.1)

    @abstractmethod
    def second(self, root: Tensor, g: Tensor) -> Tensor:
        """Return f2 for root = sqrt x_1 and g."""

    def objectives(self, x: Tensor) -> Tensor:
        """Return the objectives (2,) of u (30,)."""
        # The root of x_1 = sin^2 is |sin|: unlike sqrt it has a finite gradient at 0.
        root = torch.sin(x[0] * (math.pi / 2)).abs()
        g = 1 + 9 * to_unit_box(x[1:]).mean()
        return torch.stack([root.square(), self.second(root, g)])

    def start(self) -> NDArray[np.float64]:
        """Return the middle of the box."""
        return np.full(DIMENSION, 0.5)

    def minimisers(self) -> NDArray[np.float64]:
        """Return the vectors of the two ends of the front."""
        experts = np.zeros((2, DIMENSION))
        experts[:, 0] = from_unit_box(self.front()[[0, -1], 0])
        return experts


class Zdt1(Zdt):
    """Takes h = 1 - sqrt(x_1 / g), so that the front f2 = 1 - sqrt f1 is convex."""

    name: ClassVar[str] = "zdt1"

    def second(self, root: Tensor, g: Tensor) -> Tensor:
        """Return g - sqrt(x_1 g)."""
        return g - root * g.sqrt()

    def front(self) -> NDArray[np.float64]:
        """Return the front (1000, 2), evenly spaced in f2, since it falls vertically at f1 = 0."""
        root = np.linspace(0.0, 1.0, 1000)
        return np.column_stack([root**2, 1 - root])

    def hypervolume_limit(self) -> float:
        """Return the integral of 1.1 - (1 - sqrt f1) over [0, 1], plus the strip from 1 to 1.1."""
        return 0.1 + 2 / 3 + 0.11


class Zdt2(Zdt):
    """Takes h = 1 - (x_1 / g)^2, so that the front f2 = 1 - f1^2 is concave; linear scalarization finds its ends."""

    name: ClassVar[str] = "zdt2"

    def second(self, root: Tensor, g: Tensor) -> Tensor:
        """Return g - x_1^2 / g."""
        return g - root**4 / g

    def front(self) -> NDArray[np.float64]:
        """Return the front (1000, 2), evenly spaced in f1."""
        f1 = np.linspace(0.0, 1.0, 1000)
        return np.column_stack([f1, 1 - f1**2])

    def hypervolume_limit(self) -> float:
        """Return the integral of 1.1 - (1 - f1^2) over [0, 1], plus the strip from 1 to 1.1."""
        return 0.1 + 1 / 3 + 0.11


class Zdt3(Zdt):
    """Takes h = 1 - sqrt(x_1 / g) - (x_1 / g) sin(10 pi x_1); the front has five pieces, with f2 down to -0.773.

    f2 is negative on a part of the front, where methods that balance losses (EPO) have no answer.
    """

    name: ClassVar[str] = "zdt3"

    def second(self, root: Tensor, g: Tensor) -> Tensor:
        """Return g - sqrt(x_1 g) - x_1 sin(10 pi x_1)."""
        x1 = root.square()
        return g - root * g.sqrt() - x1 * torch.sin(10 * math.pi * x1)

    def front(self) -> NDArray[np.float64]:
        """Return the front (1000, 2), evenly spaced in f2, which falls through all the pieces without a gap."""
        f1, f2 = _zdt3_curve(100_001)
        # Along rising f1 a point is on the front where f2 is below everything before it.
        held = f2 < np.append(np.inf, np.minimum.accumulate(f2)[:-1])
        f1, f2 = f1[held], f2[held]
        kept = np.searchsorted(-f2, np.linspace(-f2[0], -f2[-1], 1000))
        return np.column_stack([f1[kept], f2[kept]])

    def hypervolume_limit(self) -> float:
        """Return the integral of 1.1 - min f2 so far over [0, 1], plus the strip from 1 to 1.1; good to 1e-9."""
        return _zdt3_limit()


def _zdt3_curve(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return f1 and f2 (n,) at g = 1, evenly spaced in sqrt f1; the front is where f2 is a new minimum."""
    root = np.linspace(0.0, 1.0, n)
    f1 = root**2
    return f1, 1 - root - f1 * np.sin(10 * math.pi * f1)


@functools.cache
def _zdt3_limit() -> float:
    f1, f2 = _zdt3_curve(1_000_001)
    envelope = np.minimum.accumulate(f2)
    return float(np.trapezoid(1.1 - envelope, f1) + 0.1 * (1.1 - envelope[-1]))
