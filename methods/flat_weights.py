"""Joining named weights to one flat tensor, and back."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from ..errors import ConfigError
from ..tasks.precision import master_type
from ..tasks.problem import Params, Problem


class FlatWeights:
    """Joins some of a problem's weights to one flat tensor (P,), and splits such tensors into named weights again.

    What the problem's models do not merge (counters, masks) is left out. The flat tensor is in single precision or
    better: in half precision Adam's steps are lost to rounding and its epsilon is 0. Named weights come back in the
    type of the pre-trained ones.

    Args:
        problem: whose architecture the weights belong to.
        names: which weights and buffers to join, in this order.
        dtype: type of the flat tensor; if None, single precision, or double where a weight has it.

    Raises:
        ConfigError: none of the weights is merged.
    """

    def __init__(self, problem: Problem, names: Iterable[str], *, dtype: torch.dtype | None = None) -> None:
        self.names = merged_names(problem, names)
        if not self.names:
            raise ConfigError("expected floating-point weights to join, found none")
        self._dtypes = [problem.pretrained[name].dtype for name in self.names]
        self.dtype = master_type(self._dtypes) if dtype is None else dtype
        """The type of the flat tensor."""
        self._buffers = {name for name, _ in problem.model.named_buffers()}
        self._never_negative = problem.never_negative
        self._shapes = [problem.pretrained[name].shape for name in self.names]
        self._sizes = [shape.numel() for shape in self._shapes]
        self.size = sum(self._sizes)
        """P, the length of the flat tensor."""
        ends = list(itertools.accumulate(self._sizes))
        self.columns = {
            name: slice(end - size, end) for name, end, size in zip(self.names, ends, self._sizes, strict=True)
        }
        """Where each weight lies in the flat tensor."""

    def join(self, params: Params) -> Tensor:
        """Return the weights of one model as a new tensor (P,), without gradients."""
        return torch.cat([params[name].detach().flatten().to(self.dtype) for name in self.names])

    def named(self, flat: Tensor) -> dict[str, Tensor]:
        """Return the weights in a flat tensor (P,) by name, differentiable in it; buffers come without gradients.

        They are views of it where they have its type. Variances that an extrapolated merge has made negative are 0.
        """
        return self.restored(dict(zip(self.names, torch.split(flat, self._sizes), strict=True)))

    def restored(self, pieces: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return flat pieces, one a weight, as `named` returns the weights of a flat tensor."""
        found = {}
        for name, shape, dtype in zip(self.names, self._shapes, self._dtypes, strict=True):
            weight = pieces[name].view(shape).to(dtype)
            # Layers refuse buffers that want gradients (running statistics of batch norm).
            weight = weight.detach() if name in self._buffers else weight
            found[name] = weight.clamp(min=0) if name in self._never_negative else weight
        return found


def merged_names(problem: Problem, names: Iterable[str]) -> list[str]:
    """Return those of the names whose weights are merged or trained; all other weights have one value in all models."""
    return [name for name in names if name in problem.merged]


def trained_names(problem: Problem) -> list[str]:
    """Return the names of the weights that training a whole model changes: its parameters, not its buffers."""
    return merged_names(problem, (name for name, _ in problem.model.named_parameters()))
