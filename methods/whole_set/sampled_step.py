"""Training steps that follow several drawn preferences at once."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..gradients import backward
from ..scalarization import Scalarization
from .conditioned_learner import ConditionedLearner
from .conditioned_set import ConditionedSet


class SampledStep(ConditionedLearner):
    """Follows the mean of the scalarized losses of every preference drawn in a step."""

    def step(self, conditioned: ConditionedSet, scalarization: Scalarization, drawn: Any) -> Tensor:
        """Leave the gradient of the samples' mean loss in the network and return that loss.

        Args:
            conditioned: the set that is trained.
            scalarization: weighs the tasks' losses.
            drawn: preferences (samples, T) and T mini-batches.

        Raises:
            ConfigError: no loss depends on the network.
        """
        preferences, batch = drawn
        shares = []
        for preference in preferences:
            loss = scalarization.loss(conditioned.losses(preference, batch), preference) / len(preferences)
            backward(loss)
            shares.append(loss.detach())
        return torch.stack(shares).sum()
