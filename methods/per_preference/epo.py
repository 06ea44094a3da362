"""`epo`: exact Pareto optimal search, one fine-tuning a preference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..checks import require_min_preference
from ..ranges import Range
from ..scalarization import Scalarization
from ..scalarization.epo import Epo
from ..training import Training
from .fine_tuned import FineTuned


class EpoSearch(FineTuned):
    """Looks for the front's point with equal r_t loss_t (Mahapatra and Rajan, ICML 2020); concave fronts too."""

    name: ClassVar[str] = "epo"

    @dataclass(frozen=True)
    class Config(Training):
        """Steps, batch size and learning rate are the suite's unless set."""

        min_preference: Annotated[float, Range(1e-3, 0.2, log=True)] = 0.01
        """Smaller weights of a preference are raised to it, since no finite loss balances a weight of 0."""

        def __post_init__(self) -> None:
            super().__post_init__()
            require_min_preference(self.min_preference)

    config: Config

    def scalarization(self, preferences: NDArray[np.float64], own: int, steps: int) -> Scalarization:
        """EPO."""
        return Epo(self.config.min_preference)
