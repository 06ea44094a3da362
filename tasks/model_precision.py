"""What a model in half precision is given, and what its heads are, when it is compared in single precision too."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from .precision import at_least_single, in_type, is_half
from .problem import Params
from .rows import map_tensors


class ModelPrecision:
    """Converts what goes into a model and into a head to the types that they compute in.

    Args:
        pretrained: the model's weights in their own types; those in half precision may be raised, all together.
    """

    def __init__(self, pretrained: Params) -> None:
        # All are raised together, so one of them tells; it is asked several times a step.
        self._telling = next((name for name, weight in pretrained.items() if is_half(weight.dtype)), None)
        self._own = torch.float32 if self._telling is None else pretrained[self._telling].dtype
        self._only = len({weight.dtype for weight in pretrained.values() if weight.is_floating_point()}) == 1

    def is_raised(self, params: Params) -> bool:
        """Return whether weights of a half-precision model are given in a higher one."""
        return self._telling is not None and params[self._telling].dtype != self._own

    def inputs(self, params: Params, taken: Any) -> Any:
        """Return what the model takes, floating-point values in the type of its weights where half is their only one.

        Where the weights are raised, they are at least in single precision.
        """
        if self._telling is None:
            return taken
        if self.is_raised(params):
            return map_tensors(at_least_single, taken)
        return map_tensors(lambda part: in_type(self._own, part), taken) if self._only else taken

    def features(self, params: Params, head: nn.Module, features: Any) -> Any:
        """Return what the head takes of what a model gave, in the type of the head where the model's is raised."""
        if not self.is_raised(params):
            return features
        own = next((weight.dtype for weight in head.parameters() if is_half(weight.dtype)), torch.float32)
        return map_tensors(lambda part: in_type(own, part), features)
