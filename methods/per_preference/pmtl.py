"""`pmtl`: Pareto multi-task learning, one fine-tuning a preference, each in its own cone of the objective space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...errors import ConfigError
from ..checks import require_min_preference
from ..ranges import Range
from ..scalarization import Scalarization
from ..scalarization.pmtl import Pmtl
from ..scalarization.wanted_losses import wanted_losses
from ..training import Training
from .fine_tuned import FineTuned


class PmtlSearch(FineTuned):
    """Divides the objective space into one cone a preference and descends within it (Lin et al., NeurIPS 2019)."""

    name: ClassVar[str] = "pmtl"

    @dataclass(frozen=True)
    class Config(Training):
        """Steps, batch size and learning rate are the suite's unless set."""

        warm_up_share: Annotated[float, Range(0.0, 0.5)] = 0.2
        """Share of the steps that may be spent on reaching the cone before the losses count."""
        min_preference: Annotated[float, Range(1e-3, 0.2, log=True)] = 0.01
        """Smaller weights of a preference are raised to it: the cone's axis has losses proportional to 1 / r."""

        def __post_init__(self) -> None:
            super().__post_init__()
            require_min_preference(self.min_preference)
            if not 0 <= self.warm_up_share <= 1:
                raise ConfigError(f"warm_up_share must be in [0, 1], found {self.warm_up_share}")

    config: Config

    def scalarization(self, preferences: NDArray[np.float64], own: int, steps: int) -> Scalarization:
        """PMTL."""
        rays = wanted_losses(preferences, self.config.min_preference)
        axes = rays / np.linalg.norm(rays, axis=1, keepdims=True)
        return Pmtl(axes, own, warm_up_steps=int(self.config.warm_up_share * steps))
