"""Joining named weights to one flat tensor, and back."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from ..errors import ConfigError
from ..tasks.problem import Params, Problem


class FlatWeights:
    """Joins some of a problem's weights to one flat tensor (P,), and splits such tensors into named weights again.

    What is not floating point (counters, masks) is left out.

    Args:
        problem: whose architecture the weights belong to.
        names: which weights and buffers to join, in this order.

    Raises:
        ConfigError: the weights do not share one floating-point type.
    """

    def __init__(self, problem: Problem, names: Iterable[str]) -> None:
        self.names = [name for name in names if problem.pretrained[name].is_floating_point()]
        kinds = {problem.pretrained[name].dtype for name in self.names}
        if len(kinds) != 1:
            raise ConfigError(
                f"weights that are joined must share one floating-point type, found {sorted(map(str, kinds))}"
            )
        self._buffers = {name for name, _ in problem.model.named_buffers()}
        self._shapes = [problem.pretrained[name].shape for name in self.names]
        self._sizes = [shape.numel() for shape in self._shapes]
        self.size = sum(self._sizes)
        """P, the length of the flat tensor."""

    def join(self, params: Params) -> Tensor:
        """Return the weights of one model as a new tensor (P,), without gradients."""
        return torch.cat([params[name].detach().flatten() for name in self.names])

    def named(self, flat: Tensor) -> dict[str, Tensor]:
        """Return views of a flat tensor (P,) by name, differentiable in it; buffers come without gradients."""
        pieces = {}
        for name, piece, shape in zip(self.names, torch.split(flat, self._sizes), self._shapes, strict=True):
            view = piece.view(shape)
            # Layers refuse buffers that want gradients (running statistics of batch norm).
            pieces[name] = view.detach() if name in self._buffers else view
        return pieces


def trained_names(problem: Problem) -> list[str]:
    """Return the names of the weights that training a whole model changes: its parameters, not its buffers."""
    return [name for name, _ in problem.model.named_parameters()]
