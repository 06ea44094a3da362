"""One weight of T experts that lie side by side in memory, merged and contracted by one product for all of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..tasks.precision import master_type
from .weight_rows import DEVICE_PART, MergeShares, add_share


class WeightBlock:
    """Holds a weight of the pre-trained model and views of T rows of one block of memory, and copies neither.

    It computes what `WeightRows` does. To add experts one by one, and to form task vectors one by one, costs a GPU
    several launches an expert and weight, which take longer than the sums do.

    Args:
        base: the pre-trained weight, contiguous.
        rows: (T, P), the weight of T experts.
    """

    def __init__(self, base: Tensor, rows: Tensor) -> None:
        self.base = base
        self._flat = base.reshape(-1)
        self._rows = rows
        self._parts = [slice(start, start + DEVICE_PART) for start in range(0, base.numel(), DEVICE_PART)]

    @torch.no_grad()
    def merge(self, shares: MergeShares) -> Tensor:
        """Return the merged weight, a new tensor of the pre-trained weight's type; see `WeightRows.merge`."""
        merged = torch.empty_like(self._flat)
        precise = master_type([merged.dtype])
        for part in self._parts:
            rows, target = self._rows[:, part], merged[part]
            total = target if merged.dtype == precise else torch.empty_like(target, dtype=precise)
            torch.mv(rows.to(precise).T, shares.vector, out=total)
            add_share(total, self._flat[part], shares.left)
            if total is not target:
                target.copy_(total)
        return merged.view(self.base.shape)

    @torch.no_grad()
    def contract(self, gradients: Sequence[Tensor]) -> Tensor:
        """Return n gradients of the weight times its task vectors, (n, T), in single precision or better."""
        precise = master_type([self._flat.dtype])
        given = [gradient.reshape(-1) for gradient in gradients]
        found: Tensor | None = None
        for part in self._parts:
            lines = given[0][None, part] if len(given) == 1 else torch.stack([line[part] for line in given])
            of_part = lines.to(precise) @ self._task_vectors(part, precise).T
            found = of_part if found is None else found.add_(of_part)
        return self._flat.new_zeros(len(given), len(self._rows), dtype=precise) if found is None else found

    def _task_vectors(self, part: slice, precise: torch.dtype) -> Tensor:
        rows, base = self._rows[:, part], self._flat[part]
        return rows - base if rows.dtype == precise else rows.to(precise).sub_(base)


def rows_of_block(tensors: Sequence[Tensor]) -> Tensor | None:
    """Return T tensors as the rows (T, P) of one view of the block of memory in which they lie; None if they do not."""
    first, *others = tensors
    if not all(tensor.is_contiguous() for tensor in tensors):
        return None
    if any((other.shape, other.dtype, other.device) != (first.shape, first.dtype, first.device) for other in others):
        return None
    memory = {tensor.untyped_storage()._cdata for tensor in tensors}
    starts = [tensor.storage_offset() for tensor in tensors]
    if len(memory) > 1 or starts != [starts[0] + t * first.numel() for t in range(len(tensors))]:
        return None
    return first.as_strided((len(tensors), first.numel()), (first.numel(), 1))
