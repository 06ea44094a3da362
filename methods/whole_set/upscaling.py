"""Up-scaling: the merge of a model whose parts have coefficients of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ...tasks.precision import master_type
from ...tasks.problem import Params, Problem
from ...tasks.weight_files.mapped_file import release
from ..bank_options import BankOptions
from ..flat_weights import merged_names
from ..merge_bank import MergeBank
from ..task_vectors import banks_by_type


class UpscaledModel:
    """Merges groups of a model's weights with coefficients of their own (arXiv 2406.09770, equation 2).

    Args:
        problem: source of the pre-trained model and the experts.
        groups: part of the model (see `ParetoSet.merge_coefficients`) -> names of its weights and buffers.
        rest_coefficient: the coefficient, for every expert, of the weights outside all groups; they are merged once,
            and stay fixed.
        options: how the experts' weights in the groups are held.
        n_experts: how many experts are merged, those of the first tasks; all when absent.
    """

    def __init__(
        self,
        problem: Problem,
        groups: Mapping[str, Sequence[str]],
        rest_coefficient: float,
        options: BankOptions | None = None,
        n_experts: int | None = None,
    ) -> None:
        experts = problem.experts[:n_experts]
        self.n_experts = len(experts)
        self.parts = tuple(groups)
        """The names of the groups."""
        of_groups = [banks_by_type(problem, group, options, experts) for group in groups.values()]
        self.banks: list[MergeBank] = [bank for banks in of_groups for bank in banks]
        """The task vectors: one bank a group, or one for each type that its weights have."""
        self.rows = [row for row, banks in enumerate(of_groups) for _ in banks]
        """The group, by position, that each bank belongs to."""
        covered = {name for group in groups.values() for name in group}
        rest = merged_names(problem, (name for name in problem.pretrained if name not in covered))
        self._rest: Params = dict(problem.pretrained)
        for bank in banks_by_type(problem, rest, experts=experts) if rest else []:
            dtype = master_type([bank.dtype])
            everyone = torch.full((self.n_experts,), rest_coefficient, dtype=dtype, device=bank.device)
            self._rest = {**self._rest, **bank.merge(everyone)}
        # Experts that are mapped from files are not read again here.
        release(params[name] for name in rest for params in (problem.pretrained, *experts))

    @property
    def upscaled_parameters(self) -> int:
        """Return how many parameters of one plain model lie in groups."""
        return sum(bank.size for bank in self.banks)

    def place(self, network: nn.Module) -> nn.Module:
        """Move a network that makes coefficients to the weights' device, in single precision or better."""
        return network.to(self.banks[0].device, master_type(bank.dtype for bank in self.banks))

    def merge(self, coefficients: Tensor) -> dict[str, Tensor]:
        """Return one plain model for coefficients (groups, E), differentiable in them."""
        return self.assembled(self.merge_pieces(coefficients))

    def merge_pieces(self, coefficients: Tensor) -> list[list[Tensor]]:
        """Return every bank's merged pieces for coefficients (groups, E), differentiable in them."""
        of_groups = coefficients.unbind()
        return [bank.merge_pieces(of_groups[row]) for bank, row in zip(self.banks, self.rows, strict=True)]

    def assembled(self, pieces: Sequence[Sequence[Tensor]]) -> dict[str, Tensor]:
        """Return one plain model whose groups hold these pieces, a list a bank."""
        merged = dict(self._rest)
        for bank, of_bank in zip(self.banks, pieces, strict=True):
            merged.update(bank.assembled(of_bank))
        return merged
