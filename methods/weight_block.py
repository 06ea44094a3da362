"""One weight of T experts that lie side by side in memory, merged and contracted by one product for all of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..tasks.precision import master_type
from .half_precision import slices
from .weight_rows import MergeShares, add_share

BLOCK_PART = 2**25
"""Numbers of all rows that are worked on at a time."""


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
        self._parts = list(slices(base.numel(), max(1, BLOCK_PART // len(rows))))

    @torch.no_grad()
    def merge(self, shares: MergeShares) -> Tensor:
        """Return the merged weight, a new tensor of the pre-trained weight's type; see `WeightRows.merge`."""
        merged = torch.empty_like(self._flat)
        precise = master_type([merged.dtype])
        for part in self._parts:
            rows, target = self._rows[:, part], merged[part]
            total = target if merged.dtype == precise else torch.empty_like(target, dtype=precise)
            torch.mv(rows.to(precise).T, shares.vector.to(rows.device), out=total)
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
