"""Experts in one block of memory a weight, from which a GPU merges all of them at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .problem import Problem


def lay_side_by_side(problem: Problem) -> None:
    """Have the experts of a problem hold the same values in one block of memory for every weight that is merged.

    No more than one weight is held twice at a time, as long as nobody else holds the experts' tensors. Weights that
    share memory with others, or do not lie in one piece, are left as they are.
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


def _can_be_moved(tensors: Sequence[Tensor]) -> bool:
    memory = {tensor.untyped_storage()._cdata for tensor in tensors}
    whole = all(tensor.untyped_storage().nbytes() == tensor.nbytes for tensor in tensors)
    return len(memory) == len(tensors) and whole and all(tensor.is_contiguous() for tensor in tensors)
