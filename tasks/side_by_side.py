"""Experts in one block of memory a weight, from which a GPU merges all of them at once: laid so, and found so."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .problem import Problem


def lay_side_by_side(problem: Problem) -> None:
    """Have the experts of a problem hold the same values in one block of memory for every weight that is merged.

    No more than one weight is held twice at a time, as long as nobody else holds the experts' tensors. Weights that
    share memory with others, or do not lie in one piece, are left as they are.

    Args:
        problem: its `experts` are replaced.
    """
    if problem.n_tasks == 1:
        return
    models: list[dict[str, Tensor]] = [dict(expert) for expert in problem.experts]
    problem.experts = tuple(models)
    for name in problem.merged:
        rows = [model[name] for model in models]
        if _can_be_moved([problem.pretrained[name], *rows]):
            block = torch.stack(rows)
            for model, row in zip(models, block.unbind(), strict=True):
                model[name] = row
    if problem.device.type == "cuda":
        torch.cuda.empty_cache()  # what the experts lay in before is too small for most of what follows


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


def _can_be_moved(tensors: Sequence[Tensor]) -> bool:
    memory = {tensor.untyped_storage()._cdata for tensor in tensors}
    whole = all(tensor.untyped_storage().nbytes() == tensor.nbytes for tensor in tensors)
    return len(memory) == len(tensors) and whole and all(tensor.is_contiguous() for tensor in tensors)
