"""What the values of weights allow: which can be merged, which hold variances, and which must not be as they are."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import ConfigError
from .fake_weights import have_values
from .precision import type_name
from .weight_files.mapped_file import release

MERGED_TYPES = frozenset({torch.float16, torch.bfloat16, torch.float32, torch.float64})
"""Types of weights that can be merged and trained: those that torch computes with."""
COUNTERS = frozenset({"num_batches_tracked", "n_averaged"})
"""Own names of buffers that count training steps; models may differ in them, since no output depends on them."""
VARIANCE = re.compile(r"(.*_)?(var|variance|std)")
"""Own names of buffers that hold variances or standard deviations, such as `running_var`."""


@dataclass(frozen=True)
class Owner:
    """One of a problem's models, and what messages call it."""

    title: str
    params: Mapping[str, Tensor]


def kinds_of_weights(owners: Sequence[Owner], buffers: Set[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of what can be merged, and of the buffers among them that hold variances.

    Weight by weight: the memory of mapped ones is given back before the next is looked at.

    Raises:
        ConfigError: a weight holds values that it must not, or cannot be merged and differs.
    """
    merged, never_negative = set[str](), set[str]()
    for name, like in owners[0].params.items():
        if like.dtype not in MERGED_TYPES:
            _require_equal(name, owners)
            continue
        ranges = [range_of_values(owner.params[name]) for owner in owners]
        if not _is_constant(name, owners, ranges, buffers):
            merged.add(name)
            if _is_variance(name, owners, ranges, buffers):
                never_negative.add(name)
        release(owner.params[name] for owner in owners)
    return frozenset(merged), frozenset(never_negative)


def _is_variance(name: str, owners: Sequence[Owner], ranges: Sequence[tuple[float, float]], buffers: Set[str]) -> bool:
    """Return whether a weight is a buffer that holds variances, none of them negative.

    Raises:
        ConfigError: batch normalisation would take the root of a negative one.
    """
    own_name = name.rpartition(".")[2]
    if name not in buffers or not VARIANCE.fullmatch(own_name):
        return False
    if min(ranges)[0] < 0 and own_name == "running_var":
        raise ConfigError(f"{_least(owners, ranges)} holds a negative variance in {name}, {min(ranges)[0]:.3g}")
    return min(ranges)[0] >= 0


def _require_equal(name: str, owners: Sequence[Owner]) -> None:
    """Refuse a weight that cannot be merged and in which models differ; counters may differ."""
    if name.rpartition(".")[2] in COUNTERS:
        return
    first, *others = owners
    for other in others:
        if not _same(other.params[name], first.params[name]):
            raise ConfigError(
                f"{other.title} differs from {first.title} in {name} ({type_name(first.params[name])}), which can be "
                "neither merged nor trained; convert it to a floating-point type, or give every model the same values"
            )


def _is_constant(name: str, owners: Sequence[Owner], ranges: Sequence[tuple[float, float]], buffers: Set[str]) -> bool:
    """Return whether a weight is a buffer that holds infinity and is the same in all models, such as a causal mask.

    Raises:
        ConfigError: it holds NaN or infinity and is none.
    """
    first, *others = owners
    for owner, (low, high) in zip(owners, ranges, strict=True):
        if math.isnan(low) or ((math.isinf(low) or math.isinf(high)) and name not in buffers):
            raise ConfigError(
                f"{owner.title} holds {'NaN' if math.isnan(low) else 'infinity'} in {name}; "
                "every weight must be finite, so make or load that model again"
            )
    if all(math.isfinite(bound) for pair in ranges for bound in pair):
        return False
    for other in others:
        if not _same(other.params[name], first.params[name]):
            raise ConfigError(
                f"{other.title} differs from {first.title} in {name}, which holds infinity and so cannot be merged; "
                "give every model the same values"
            )
    return True


def range_of_values(tensor: Tensor) -> tuple[float, float]:
    """Return the least and greatest entry, both NaN where one is; (0, 0) for no entries or values. Makes no copy."""
    if tensor.numel() == 0 or not have_values([tensor]):
        return 0.0, 0.0
    low, high = torch.aminmax(tensor)
    return float(low), float(high)


def _least(owners: Sequence[Owner], ranges: Sequence[tuple[float, float]]) -> str:
    return owners[ranges.index(min(ranges))].title


def _same(one: Tensor, other: Tensor) -> bool:
    if one.dtype.is_floating_point and one.dtype.itemsize == 1:  # torch compares the bytes of 8-bit floats only
        one, other = one.view(torch.uint8), other.view(torch.uint8)
    return torch.equal(one, other)
