"""`stch`: smooth Tchebycheff scalarization, one fine-tuning a preference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..checks import require_positive
from ..ranges import Range
from ..scalarization import Scalarization, SmoothTchebycheff
from ..training import Training
from .fine_tuned import FineTuned


class Stch(FineTuned):
    """Minimises a smooth largest r_t loss_t (Lin et al., arXiv 2402.19078); concave fronts too."""

    name: ClassVar[str] = "stch"

    @dataclass(frozen=True)
    class Config(Training):
        """Steps, batch size and learning rate are the suite's unless set."""

        mu: Annotated[float, Range(1e-3, 1.0, log=True)] = 0.01
        """Smoothing, in units of the loss."""

        def __post_init__(self) -> None:
            super().__post_init__()
            require_positive(self, "mu")

    config: Config

    def scalarization(self, preferences: NDArray[np.float64], own: int, steps: int) -> Scalarization:
        """STCH."""
        return SmoothTchebycheff(self.config.mu)
