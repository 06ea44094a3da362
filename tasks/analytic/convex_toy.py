"""The suite `convex-toy`: two parabolas on a line, the smallest problem with a front."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .classical import ClassicalSuite


class ConvexToy(ClassicalSuite):
    """Poses f = (t^2, (t - 1)^2), minimised; the Pareto set is [0, 1], the front f2 = (1 - sqrt f1)^2 is convex.

    Source: Schaffer, ICGA 1985, with the second parabola at 1 in place of 2. Linear scalarization's answer to r
    is t = r_2.
    """

    name: ClassVar[str] = "convex-toy"
    tasks: ClassVar[tuple[str, ...]] = ("f1", "f2")
    reference: ClassVar[tuple[float, ...]] = (1.0, 1.0)

    def objectives(self, x: Tensor) -> Tensor:
        """Return t^2 and (t - 1)^2 (2,)."""
        return torch.stack([x[0] ** 2, (x[0] - 1) ** 2])

    def start(self) -> NDArray[np.float64]:
        """Return t = 2, which lies off the Pareto set, beyond one expert."""
        return np.array([2.0])

    def minimisers(self) -> NDArray[np.float64]:
        """Return t = 0 and t = 1."""
        return np.array([[0.0], [1.0]])

    def front(self) -> NDArray[np.float64]:
        """Return the front (1000, 2) at evenly spaced t."""
        t = np.linspace(0.0, 1.0, 1000)
        return np.column_stack([t**2, (t - 1) ** 2])

    def hypervolume_limit(self) -> float:
        """Return 1 minus the integral of (1 - sqrt u)^2 over [0, 1], which is 5/6."""
        return 5 / 6
