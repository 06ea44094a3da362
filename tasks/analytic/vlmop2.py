"""The suite `vlmop2`: two Gaussian wells in n dimensions, with a concave front."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import ConfigError
from .classical import ClassicalSuite


class Vlmop2(ClassicalSuite):
    """Poses f = 1 - exp(-|x -+ a|^2), a = (1, ..., 1) / sqrt n, minimised; the Pareto set is the segment [-a, a].

    At x = s a the front is (1 - exp(-(s - 1)^2), 1 - exp(-(s + 1)^2)), whatever n. It is concave for
    |s| < 1 / sqrt 2 and convex only beside its two ends, so that linear scalarization does not reach its middle.

    Source: Fonseca and Fleming, Evolutionary Computation 3(1), 1995; the name is Van Veldhuizen and Lamont's.

    Args:
        n: the dimension, 2 or more.

    Raises:
        ConfigError: n is below 2, where no start lies off the Pareto set's line.
    """

    name: ClassVar[str] = "vlmop2"
    tasks: ClassVar[tuple[str, ...]] = ("f1", "f2")
    reference: ClassVar[tuple[float, ...]] = (1.0, 1.0)

    def __init__(self, n: int = 20) -> None:
        if n < 2:
            raise ConfigError(f"vlmop2 needs a dimension n of 2 or more, found {n}")
        self.n = n

    def objectives(self, x: Tensor) -> Tensor:
        """Return both objectives (2,)."""
        a = 1 / math.sqrt(self.n)
        # 1 - exp would lose half of the digits near a minimum.
        return -torch.expm1(-torch.stack([(x - a).square().sum(), (x + a).square().sum()]))

    def start(self) -> NDArray[np.float64]:
        """Return a point at a distance of 1/2 from the Pareto set's middle, where gradients have not vanished."""
        signs = (-1.0) ** np.arange(self.n)
        across = signs - signs.mean()
        start: NDArray[np.float64] = 0.5 * across / np.linalg.norm(across)
        return start

    def minimisers(self) -> NDArray[np.float64]:
        """Return a and -a."""
        a = np.full(self.n, 1 / math.sqrt(self.n))
        return np.stack([a, -a])

    def front(self) -> NDArray[np.float64]:
        """Return the front (1000, 2) at evenly spaced s, in which both objectives are monotone."""
        s = np.linspace(1.0, -1.0, 1000)
        return -np.expm1(-np.column_stack([(s - 1) ** 2, (s + 1) ** 2]))

    def hypervolume_limit(self) -> float:
        """Return the integral of (1 - f2) df1 over s in closed form, plus the strip beyond f1 = 1 - exp(-4)."""
        under = 2 * math.exp(-2) * math.sqrt(math.pi / 2) * math.erf(math.sqrt(2))
        return under + math.exp(-4)
