"""What about a batch decides whether the mini-batches of T tasks may go through an architecture as one."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from torch import Tensor

from .stored_inputs import Inputs, named_tensors


def kind_of_batch(parts: Sequence[Inputs]) -> Hashable:
    """Return a value that is equal for batches on which what holds for one holds for the other.

    Batches of other shapes are of another kind. Token numbers are an exception, since almost every batch of texts has
    other lengths: there it matters whether mini-batches are padded to be joined, and whether the length is near a
    number of examples, by which a dimension of tokens could be mistaken for one of examples.

    Args:
        parts: the inputs of every task.
    """
    sizes = tuple(len(named_tensors("", part)[0][1]) for part in parts)
    columns: dict[str, list[Tensor]] = {}
    for part in parts:
        for name, tensor in named_tensors("", part):
            columns.setdefault(name, []).append(tensor)
    return sizes, tuple((name, _kind_of_column(column, sizes)) for name, column in columns.items())


def _kind_of_column(column: Sequence[Tensor], sizes: Sequence[int]) -> Hashable:
    types = tuple(tensor.dtype for tensor in column)
    if not all(tensor.ndim == 2 and not tensor.is_floating_point() for tensor in column):
        return types, tuple(tensor.shape[1:] for tensor in column)
    lengths = {tensor.shape[1] for tensor in column}
    longest = max(lengths)
    counts = {1, sum(sizes), *sizes}
    telling = {count + off for count in counts for off in (-1, 0, 1)}  # off: a token more for the class, one less
    return types, len(lengths) > 1, longest if longest in telling else None
