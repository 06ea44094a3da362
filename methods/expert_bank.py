"""Banks of large models, which merge experts where they lie instead of holding their task vectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from ..errors import ConfigError
from ..tasks.fake_weights import device_type
from ..tasks.precision import master_type
from ..tasks.problem import Params, Problem
from ..tasks.side_by_side import rows_of_block
from .bank_options import TYPES, BankOptions
from .flat_weights import merged_names
from .merge_bank import MergeBank
from .merged_weight import MergedFrom, MergedWeight
from .weight_block import WeightBlock
from .weight_rows import MergeShares, WeightRows


class ExpertBank(MergeBank):
    """Merges weights one by one from the experts themselves, which may be mapped from files; nothing is copied.

    Merges are formed in single precision or better and rounded once. Options may ask for task vectors in another type,
    which are then kept, or for experts in the memory of the CPU.

    Args:
        problem: source of the pre-trained model and the experts.
        names: which weights and buffers.
        options: how the experts are held.
        experts: which of them are merged, those of all tasks when absent.

    Raises:
        ConfigError: the weights have several types, or none of them is merged.
    """

    def __init__(
        self,
        problem: Problem,
        names: Iterable[str],
        options: BankOptions | None = None,
        *,
        experts: Sequence[Params] | None = None,
    ) -> None:
        self.names = merged_names(problem, names)
        dtypes = {problem.pretrained[name].dtype for name in self.names}
        if len(dtypes) != 1:
            raise ConfigError(f"a bank holds weights of one type, found {sorted(map(str, dtypes)) or 'no weights'}")
        (self.dtype,) = dtypes
        experts = problem.experts if experts is None else experts
        self.n_experts = len(experts)
        self.weights = [_held(problem.pretrained, experts, name, options or BankOptions()) for name in self.names]
        """The weights in the pre-trained model and the experts."""
        self.size = sum(weight.base.numel() for weight in self.weights)
        buffers = {name for name, _ in problem.model.named_buffers()}
        self._buffers = buffers.intersection(self.names)
        self._never_negative = problem.never_negative

    @property
    def device(self) -> torch.device:
        """The device of the pre-trained weights and of merges."""
        return self.weights[0].base.device

    def merge_pieces(self, coefficients: Tensor) -> list[Tensor]:
        """Return the merged weights for coefficients (T,), differentiable in them."""
        shares = MergeShares.of(coefficients, master_type([self.dtype]))
        return [MergedWeight.apply(coefficients, weight, shares) for weight in self.weights]

    def assembled(self, pieces: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return merged weights by name; variances that an extrapolated merge has made negative are 0."""
        found = {}
        for name, piece in zip(self.names, pieces, strict=True):
            # Layers refuse buffers that want gradients (running statistics of batch norm).
            weight = piece.detach() if name in self._buffers else piece
            found[name] = weight.clamp(min=0) if name in self._never_negative else weight
        return found

    def contract_piece(self, piece: int, gradients: Sequence[Tensor]) -> Tensor:
        """Return n gradients of a weight times its task vectors, (n, T)."""
        return self.weights[piece].contract(gradients)


def _held(pretrained: Params, experts: Sequence[Params], name: str, options: BankOptions) -> MergedFrom:
    """Return a weight as the options ask for it, the experts' own tensors where they ask for nothing else."""
    base = pretrained[name].detach()
    rows = [expert[name].detach() for expert in experts]
    place = torch.device("cpu") if options.bank_device == "cpu" else base.device
    pinned = options.bank_device == "cpu" and device_type(base) == "cuda"
    dtype = base.dtype if options.bank_dtype is None else TYPES[options.bank_dtype]
    if dtype == base.dtype:
        # A processor works on parts that stay in its cache, one expert after the other.
        block = rows_of_block(rows) if device_type(base) != "cpu" and place == base.device else None
        if block is not None and base.is_contiguous():
            return WeightBlock(base, block)
        return WeightRows(base, tuple(_placed(row, place, pinned) for row in rows))
    precise = master_type([base.dtype])
    vectors = (row.to(base.device, precise) - base for row in rows)
    return WeightRows(base, tuple(_placed(vector.to(dtype), place, pinned) for vector in vectors), True)


def _placed(tensor: Tensor, place: torch.device, pinned: bool) -> Tensor:
    """Return a tensor on a device, pinned where another device is to copy it from there."""
    placed = tensor.to(place)
    return placed.pin_memory() if pinned else placed
