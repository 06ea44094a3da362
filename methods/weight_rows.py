"""One weight in the pre-trained model and in T experts, merged and contracted part by part where it lies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..tasks.fake_weights import device_type, have_values
from ..tasks.precision import master_type
from .half_precision import left_for_base, slices

PROCESSOR_PART = 2**16
"""Numbers of a weight that a processor works on at a time: T task vectors of so many stay in its cache."""
DEVICE_PART = 2**23
"""Numbers of a weight that any other device works on at a time; each part costs it a dozen launches."""


@dataclass(frozen=True)
class MergeShares:
    """The coefficients of one merge: numbers on the CPU, tensors without dimensions on any other device.

    To read a number there, the processor would wait until the device had done all that it was given before.
    """

    of_experts: Sequence[float | Tensor]
    """T coefficients."""
    left: float | Tensor
    """What is left for the pre-trained weight where experts are summed, not task vectors."""
    vector: Tensor
    """The coefficients (T,), of the type that weights are summed in."""

    @classmethod
    def of(cls, coefficients: Tensor, dtype: torch.dtype) -> MergeShares:
        """Return those of coefficients (T,), for weights that are summed in a type."""
        given = coefficients.detach().to(dtype)
        left = left_for_base(given)
        if given.device.type == "cpu":
            return cls(coefficients.tolist(), float(left), given)
        return cls(given.unbind(), left, given)


@dataclass(frozen=True)
class WeightRows:
    """Holds a weight of the pre-trained model and T rows, and makes no copies of them but of one part at a time."""

    base: Tensor
    """The pre-trained weight."""
    rows: tuple[Tensor, ...]
    """The weight in T experts, or T task vectors, of its shape; on any device and of any floating-point type."""
    are_task_vectors: bool = False
    """Whether the rows are expert minus pre-trained."""

    @torch.no_grad()
    def merge(self, shares: MergeShares) -> Tensor:
        """Return the merged weight, a new tensor of the pre-trained weight's type.

        It is formed in single precision or better and rounded once. A one-hot row of coefficients gives its expert to
        the bit where experts are held.
        """
        merged = torch.empty(self.base.shape, dtype=self.base.dtype, device=self.base.device)
        precise = master_type([self.base.dtype])
        # Summed as weights, not as differences: it takes one pass over each expert.
        left = 1.0 if self.are_task_vectors else shares.left
        flat = _are_flat([self.base, *self.rows])
        target, base, *rows = (_laid_out(tensor, flat) for tensor in (merged, self.base, *self.rows))
        for part in self._parts(base):
            total = target[part] if merged.dtype == precise else base.new_empty(base[part].shape, dtype=precise)
            torch.mul(base[part], left, out=total) if merged.dtype == precise else total.copy_(base[part]).mul_(left)
            for share, row in self._read(shares.of_experts, rows):
                add_share(total, row[part].to(base.device, non_blocking=True), share)
            if merged.dtype != precise:
                target[part] = total
        return merged

    @torch.no_grad()
    def contract(self, gradients: Sequence[Tensor]) -> Tensor:
        """Return n gradients of the weight times its task vectors, (n, T), in single precision or better."""
        precise = master_type([self.base.dtype])
        flat = _are_flat([self.base, *self.rows])
        base, *rows = (_laid_out(tensor, flat) for tensor in (self.base, *self.rows))
        given = [_laid_out(gradient, flat) for gradient in gradients]
        found = torch.zeros(len(given), len(rows), dtype=precise, device=base.device)
        vectors = lines = torch.empty(0)
        for part in self._parts(base):
            here = base[part]
            if vectors.shape[1:] != here.shape:  # at the first and at a shorter last part
                vectors, lines = (found.new_empty(n, *here.shape) for n in (len(rows), len(given)))
            for vector, row in self._read(vectors, rows):
                self._write_task_vector(row[part], here, vector)
            for line, gradient in zip(lines, given, strict=True):
                line.copy_(gradient[part])
            found.addmm_(lines.flatten(1), vectors.flatten(1).T)
        return found

    def _write_task_vector(self, row: Tensor, base: Tensor, into: Tensor) -> None:
        """Write one row's part as a task vector."""
        if self.are_task_vectors:
            into.copy_(row, non_blocking=True)
        elif row.dtype == into.dtype and row.device == into.device:
            torch.sub(row, base, out=into)
        else:
            into.copy_(row, non_blocking=True).sub_(base)

    def _read(self, beside: Iterable[Any], rows: Sequence[Tensor]) -> Sequence[tuple[Any, Tensor]]:
        """Return rows with what lies beside each; of weights without values the first, since none takes memory."""
        pairs = list(zip(beside, rows, strict=True))
        return pairs if have_values([self.base]) else pairs[:1]

    def _parts(self, base: Tensor) -> Iterator[slice]:
        """Yield slices that cover the first dimension of a weight that is laid out; the first of one without values."""
        numbers = PROCESSOR_PART if device_type(base) == "cpu" else DEVICE_PART
        width = max(1, numbers // max(1, base[:1].numel()))
        end = len(base) if have_values([base]) else min(len(base), width)
        yield from slices(end, width)


def add_share(total: Tensor, row: Tensor, share: float | Tensor) -> None:
    """Add a row times its coefficient."""
    if isinstance(share, Tensor):
        total.addcmul_(row, share)
    else:
        total.add_(row, alpha=share)


def _are_flat(tensors: Sequence[Tensor]) -> bool:
    return all(tensor.is_contiguous() for tensor in tensors)


def _laid_out(tensor: Tensor, flat: bool) -> Tensor:
    """Return a tensor as one row where all are, else as it is: flattening it would copy it."""
    return tensor.reshape(-1) if flat else tensor.detach()
