"""Banks of flat task vectors, in which a merge is one contraction over T rows and makes no T copies of a model.

Small models have these: their task vectors are formed once and kept, beside the experts. Models of more than
`LARGEST_FLAT` parameters are merged from the experts themselves, see `expert_bank`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from ..errors import ConfigError
from ..tasks.device_copies import sent
from ..tasks.precision import is_half, master_type
from ..tasks.problem import Params, Problem
from .bank_options import BankOptions
from .expert_bank import ExpertBank
from .flat_weights import FlatWeights, merged_names
from .merge_bank import MergeBank
from .merged_weight import MergedWeight
from .weight_block import WeightBlock
from .weight_rows import MergeShares

LARGEST_FLAT = 2**24
"""The most parameters of a model, buffers included, whose task vectors are kept beside its experts."""


class TaskVectorBank(FlatWeights, MergeBank):
    """Holds the pre-trained values and T task vectors of some weights of one type, each joined to one flat row.

    Buffers are merged too, without gradients. Of half-precision weights the experts themselves are kept, in half
    precision, where task vectors would be rounded or overflow; merges are formed in single precision and rounded once.

    Args:
        problem: source of the pre-trained model and the experts.
        names: which weights and buffers, None for all.
        experts: which of them are merged, those of all tasks when absent.

    Raises:
        ConfigError: the weights have several types, see `banks_by_type`, or none of them is merged.
    """

    def __init__(
        self, problem: Problem, names: Iterable[str] | None = None, *, experts: Sequence[Params] | None = None
    ) -> None:
        chosen = merged_names(problem, problem.pretrained if names is None else names)
        dtypes = {problem.pretrained[name].dtype for name in chosen}
        if len(dtypes) > 1:
            raise ConfigError(f"a bank holds weights of one type, found {sorted(map(str, dtypes))}")
        super().__init__(problem, chosen, dtype=next(iter(dtypes), None))
        experts = problem.experts if experts is None else experts
        self.n_experts = len(experts)
        self.base = self.join(problem.pretrained)
        """The pre-trained values, (P,)."""
        self.rows = torch.empty(self.n_experts, len(self.base), dtype=self.base.dtype, device=self.base.device)
        """The task vectors, expert minus pre-trained, or the experts if of half precision, (E, P)."""
        for row, expert in zip(self.rows, experts, strict=True):
            if is_half(self.dtype):
                row.copy_(self.join(expert))
            else:
                torch.sub(self.join(expert), self.base, out=row)
        self._half = WeightBlock(self.base, self.rows)
        """Merges experts of half precision."""

    @property
    def device(self) -> torch.device:
        """The device of the task vectors."""
        return self.base.device

    def merge_pieces(self, coefficients: Tensor) -> list[Tensor]:
        """Return the merge for coefficients (T,) as one piece, (P,)."""
        return [self.merge_flat(coefficients)]

    def assembled(self, pieces: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return the one piece's weights by name."""
        (flat,) = pieces
        return self.named(flat)

    def contract_piece(self, piece: int, gradients: Sequence[Tensor]) -> Tensor:
        """Return n gradients (P,) times the task vectors, (n, T); there is one piece."""
        return self.contract(torch.stack(list(gradients)))

    def merge_flat(self, coefficients: Tensor) -> Tensor:
        """Return base plus the task vectors times coefficients (T,), as (P,), differentiable in them."""
        if is_half(self.dtype):
            shares = MergeShares.of(coefficients, master_type([self.dtype]))
            merged: Tensor = MergedWeight.apply(coefficients, self._half, shares)
            return merged
        return torch.addmv(self.base, self.rows.T, coefficients.to(self.base.dtype))

    def contract(self, gradients: Tensor) -> Tensor:
        """Return gradients (n, P) times the task vectors, as (n, T), in single precision or better."""
        return self._half.contract(gradients.unbind()) if is_half(self.dtype) else gradients @ self.rows.T


def banks_by_type(
    problem: Problem,
    names: Iterable[str],
    options: BankOptions | None = None,
    experts: Sequence[Params] | None = None,
) -> list[TaskVectorBank] | list[ExpertBank]:
    """Return the banks of some weights and experts, one for each type that the weights have, in order of appearance.

    They keep task vectors where the model is small, see `LARGEST_FLAT`, and no options are asked for.

    Raises:
        ConfigError: none of the weights is merged.
    """
    by_type: dict[torch.dtype, list[str]] = {}
    for name in merged_names(problem, names):
        by_type.setdefault(problem.pretrained[name].dtype, []).append(name)
    if not by_type:
        raise ConfigError("expected floating-point weights to merge, found none")
    options = options or BankOptions()
    if options.are_default and problem.model_parameters <= LARGEST_FLAT:
        return [TaskVectorBank(problem, of_type, experts=experts) for of_type in by_type.values()]
    return [ExpertBank(problem, of_type, options, experts=experts) for of_type in by_type.values()]


class ModelMerger:
    """Merges whole models: theta_0 + sum_i c_i (theta_i - theta_0); what is not merged stays pre-trained.

    Args:
        problem: source of the pre-trained model theta_0 and the experts theta_i.
    """

    def __init__(self, problem: Problem) -> None:
        self._banks = banks_by_type(problem, problem.pretrained)
        self._pretrained = problem.pretrained

    def __call__(self, coefficients: Sequence[float] | Tensor) -> dict[str, Tensor]:
        """Return the merged model for coefficients (T,)."""
        precise = master_type(bank.dtype for bank in self._banks)
        vector = sent(torch.as_tensor(coefficients, dtype=precise), self._banks[0].device)
        merged = dict(self._pretrained)
        for bank in self._banks:
            merged.update(bank.merge(vector))
        return merged
