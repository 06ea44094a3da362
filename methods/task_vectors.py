"""Task vectors in flat banks: a merge is one contraction over T rows, never T copies of a model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from ..errors import ConfigError
from ..tasks.problem import Params, Problem


class TaskVectorBank:
    """The pre-trained values and T task vectors of some parameters, each flattened and joined.

    What is not floating point (counters, masks) is not merged; buffers are, without gradients.

    Args:
        problem: source of the pre-trained model and the experts.
        names: which parameters, None for all that are floating point.
    """

    def __init__(self, problem: Problem, names: Iterable[str] | None = None) -> None:
        chosen = problem.pretrained if names is None else names
        self.names = [name for name in chosen if problem.pretrained[name].is_floating_point()]
        kinds = {problem.pretrained[name].dtype for name in self.names}
        if len(kinds) != 1:
            raise ConfigError(f"merged parameters must share one floating-point type, found {sorted(map(str, kinds))}")
        self._buffers = {name for name, _ in problem.model.named_buffers()}
        self._shapes = [problem.pretrained[name].shape for name in self.names]
        self._sizes = [shape.numel() for shape in self._shapes]
        self.base = self._flat(problem.pretrained)
        """(P,) pre-trained values."""
        self.vectors = torch.empty(problem.n_tasks, len(self.base), dtype=self.base.dtype, device=self.base.device)
        """(T, P) expert minus pre-trained."""
        for row, expert in zip(self.vectors, problem.experts, strict=True):
            torch.sub(self._flat(expert), self.base, out=row)

    def merge(self, coefficients: Tensor) -> dict[str, Tensor]:
        """The merged parameters by name, views of one new flat tensor; differentiable in (T,) coefficients."""
        return self.named(self.merge_flat(coefficients))

    def merge_flat(self, coefficients: Tensor) -> Tensor:
        """(P,) `base + coefficients @ vectors`, differentiable in (T,) coefficients."""
        return torch.addmv(self.base, self.vectors.T, coefficients.to(self.base.dtype))

    def named(self, flat: Tensor) -> dict[str, Tensor]:
        """Views of (P,) values by parameter name."""
        pieces = {}
        for name, piece, shape in zip(self.names, torch.split(flat, self._sizes), self._shapes, strict=True):
            view = piece.view(shape)
            # Layers refuse buffers that want gradients (running statistics of batch norm).
            pieces[name] = view.detach() if name in self._buffers else view
        return pieces

    def _flat(self, params: Params) -> Tensor:
        return torch.cat([params[name].detach().flatten() for name in self.names])


class ModelMerger:
    """theta_0 + sum_i c_i (theta_i - theta_0) over a whole model; what is not a weight stays pre-trained."""

    def __init__(self, problem: Problem) -> None:
        self._bank = TaskVectorBank(problem)
        self._pretrained = problem.pretrained

    def __call__(self, coefficients: Sequence[float] | Tensor) -> dict[str, Tensor]:
        """The merged model for (T,) coefficients."""
        vector = torch.as_tensor(coefficients, dtype=self._bank.base.dtype, device=self._bank.base.device)
        return {**self._pretrained, **self._bank.merge(vector)}
