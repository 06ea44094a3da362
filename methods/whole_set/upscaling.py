"""Up-scaling: the merge of a model whose parts have coefficients of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ...tasks.precision import master_type
from ...tasks.problem import Params, Problem
from ..flat_weights import merged_names
from ..task_vectors import banks_by_type


class UpscaledModel:
    """Merges groups of a model's weights with coefficients of their own (arXiv 2406.09770, equation 2).

    Args:
        problem: source of the pre-trained model and the experts.
        groups: part of the model (see `ParetoSet.merge_coefficients`) -> names of its weights and buffers.
        rest_coefficient: the coefficient, for every task, of the weights outside all groups; they are merged once,
            and stay fixed.
    """

    def __init__(self, problem: Problem, groups: Mapping[str, Sequence[str]], rest_coefficient: float) -> None:
        self.parts = tuple(groups)
        """The names of the groups."""
        of_groups = [banks_by_type(problem, group) for group in groups.values()]
        self.banks = [bank for banks in of_groups for bank in banks]
        """The task vectors: one bank a group, or one for each type that its weights have."""
        self.rows = [row for row, banks in enumerate(of_groups) for _ in banks]
        """The group, by position, that each bank belongs to."""
        covered = {name for group in groups.values() for name in group}
        rest = merged_names(problem, (name for name in problem.pretrained if name not in covered))
        self._rest: Params = dict(problem.pretrained)
        for bank in banks_by_type(problem, rest) if rest else []:
            dtype = master_type([bank.base.dtype])
            everyone = torch.full((problem.n_tasks,), rest_coefficient, dtype=dtype, device=bank.base.device)
            self._rest = {**self._rest, **bank.merge(everyone)}

    @property
    def upscaled_parameters(self) -> int:
        """Return how many parameters of one plain model lie in groups."""
        return sum(len(bank.base) for bank in self.banks)

    def place(self, network: nn.Module) -> nn.Module:
        """Move a network that makes coefficients to the weights' device, in single precision or better."""
        return network.to(self.banks[0].base.device, master_type(bank.dtype for bank in self.banks))

    def merge(self, coefficients: Tensor) -> dict[str, Tensor]:
        """Return one plain model for coefficients (groups, T), differentiable in them."""
        return self.assembled(self.merge_flat(coefficients))

    def merge_flat(self, coefficients: Tensor) -> list[Tensor]:
        """Return the merged values of every bank for coefficients (groups, T), differentiable in them."""
        return [bank.merge_flat(coefficients[row]) for bank, row in zip(self.banks, self.rows, strict=True)]

    def assembled(self, flats: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return one plain model whose groups hold these flat values, one tensor a bank."""
        merged = dict(self._rest)
        for bank, flat in zip(self.banks, flats, strict=True):
            merged.update(bank.named(flat))
        return merged
