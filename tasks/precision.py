"""Single precision where half is not enough: sums over many numbers, small steps, squares."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import torch
from torch import Tensor


def master_type(dtypes: Iterable[torch.dtype]) -> torch.dtype:
    """Return the type that numbers of these types are summed and trained in: the widest, single precision at least."""
    return functools.reduce(torch.promote_types, dtypes, torch.float32)


def is_half(dtype: torch.dtype) -> bool:
    """Return whether a type is one of half precision or less, in which sums and small steps are lost."""
    return dtype.is_floating_point and dtype.itemsize < 4


def type_name(tensor: Tensor) -> str:
    """Return the name of a tensor's type as messages give it, such as `float16`."""
    return str(tensor.dtype).removeprefix("torch.")


def at_least_single(values: Tensor) -> Tensor:
    """Return floating-point values in single precision where they have half, else themselves; differentiable."""
    return values.to(master_type([values.dtype])) if values.is_floating_point() else values


def in_type(dtype: torch.dtype, values: Tensor) -> Tensor:
    """Return floating-point values in a type, others as they are; differentiable."""
    return values.to(dtype) if values.is_floating_point() else values
