"""Containers of tensors, cut into rows and joined again: mappings, lists, tuples, named tuples and dataclasses."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor


def leaves_of(value: Any) -> list[Any]:
    """Return what is in a container and its containers, in order; a value that is no container is its own leaf."""
    items = _items(value)
    return [value] if items is None else [leaf for item in items for leaf in leaves_of(item)]


def tensors_in(value: Any) -> list[Tensor]:
    """Return the tensors among the leaves."""
    return [leaf for leaf in leaves_of(value) if isinstance(leaf, Tensor)]


def map_tensors(function: Callable[[Tensor], Any], value: Any) -> Any:
    """Return a container like `value`, with a function applied to every tensor in it."""
    new = [function(leaf) if isinstance(leaf, Tensor) else leaf for leaf in leaves_of(value)]
    return _rebuilt(value, iter(new))


def split_rows(value: Any, sizes: Sequence[int]) -> list[Any]:
    """Cut every tensor along its first dimension where that has all rows; what has not goes whole to every part.

    A first dimension may be so long by coincidence; who needs to know compares with what parts give alone.

    Args:
        value: a tensor, or containers of tensors and of anything.
        sizes: rows of each part.
    """
    n = sum(sizes)

    def pieces(leaf: Any) -> Sequence[Any]:
        has_rows = isinstance(leaf, Tensor) and leaf.ndim > 0 and len(leaf) == n
        return torch.split(leaf, list(sizes)) if has_rows else [leaf] * len(sizes)

    cut = [pieces(leaf) for leaf in leaves_of(value)]
    return [_rebuilt(value, iter([piece[k] for piece in cut])) for k in range(len(sizes))]


def join_rows(parts: Sequence[Any], sizes: Sequence[int]) -> Any:
    """Join what `split_rows` would cut, along the first dimension.

    Tensors of another length than their parts' are taken to be broadcast over rows, as position embeddings are.

    Args:
        parts: values of one form, one a part.
        sizes: rows of each part.

    Raises:
        ValueError: the parts hold something else than tensors of rows that is not the same in all.
    """
    columns = list(zip(*(leaves_of(part) for part in parts), strict=True))
    return _rebuilt(parts[0], iter([_joined(column, sizes) for column in columns]))


def _joined(leaves: Sequence[Any], sizes: Sequence[int]) -> Any:
    first = leaves[0]
    if all(leaf is first for leaf in leaves):
        return first
    if all(isinstance(leaf, Tensor) for leaf in leaves):
        if all(leaf.shape[:1] == (size,) for leaf, size in zip(leaves, sizes, strict=True)):
            return torch.cat(list(leaves))
        if all(leaf.shape == first.shape for leaf in leaves):  # one value for all rows of a part, to be broadcast
            single = first.shape[:1] == (1,)
            rows = [leaf if single else leaf.unsqueeze(0) for leaf in leaves]
            return torch.cat([row.expand(size, *row.shape[1:]) for row, size in zip(rows, sizes, strict=True)])
    elif all(isinstance(leaf, (bool, int, float, str)) and leaf == first for leaf in leaves):
        return first
    raise ValueError(f"expected tensors of {list(sizes)} rows, found {[type(leaf).__name__ for leaf in leaves]}")


def _items(value: Any) -> Sequence[Any] | None:
    """Return what a container holds; None for what is no container."""
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, (list, tuple)):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name) for field in dataclasses.fields(value)]
    return None


def _rebuilt(value: Any, leaves: Iterator[Any]) -> Any:
    """Return a container like `value` with other leaves."""
    items = _items(value)
    if items is None:
        return next(leaves)
    new = [_rebuilt(item, leaves) for item in items]
    if hasattr(value, "_fields"):  # a named tuple
        return type(value)(*new)
    if isinstance(value, (list, tuple)):
        return type(value)(new)
    changed = copy.copy(value)
    if isinstance(value, Mapping):
        for key, item in zip(value, new, strict=True):
            changed[key] = item
    else:
        for field, item in zip(dataclasses.fields(value), new, strict=True):
            object.__setattr__(changed, field.name, item)  # frozen ones too
    return changed
