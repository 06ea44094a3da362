"""Checking the models that a problem is made with: whatever passes can be merged and trained without a surprise.

Each check looks at every weight once and copies none of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..errors import ConfigError
from .architecture_checks import check_untied, require_fit, usable_model
from .precision import type_name

MERGED_TYPES = frozenset({torch.float16, torch.bfloat16, torch.float32, torch.float64})
"""Types of weights that can be merged and trained: those that torch computes with."""
COUNTERS = frozenset({"num_batches_tracked", "n_averaged"})
"""Own names of buffers that count training steps; models may differ in them, since no output depends on them."""
VARIANCE = re.compile(r"(.*_)?(var|variance|std)")
"""Own names of buffers that hold variances or standard deviations, such as `running_var`."""


@dataclass(frozen=True)
class CheckedWeights:
    """Models that fit together, and what may be done with their weights."""

    pretrained: Mapping[str, Tensor]
    """The pre-trained model."""
    experts: tuple[Mapping[str, Tensor], ...]
    """The experts, in the order of tasks."""
    merged: frozenset[str]
    """Names of the weights and buffers that are merged or trained. All others (integers, masks) have one value in every
    model; a counter keeps that of the pre-trained one."""
    never_negative: frozenset[str]
    """Names of buffers that hold variances: an extrapolated merge must not make them negative."""


@dataclass(frozen=True)
class _Owner:
    """One of the models, and what messages call it."""

    title: str
    params: Mapping[str, Tensor]


def check_weights(
    model: nn.Module, tasks: Sequence[str], pretrained: Mapping[str, Tensor], experts: Sequence[Mapping[str, Tensor]]
) -> CheckedWeights:
    """Check that the pre-trained model and the experts fit the architecture and each other.

    An expert may equal the pre-trained model, and may share the memory of weights that fine-tuning left alone; but one
    that shares all of it is a state dict that was not copied. With one task only, the pre-trained model itself may
    stand for the expert, as it does before that is fine-tuned. Gradients are not asked for any more.

    Raises:
        ConfigError: they do not fit; the message names the model and the weight.
    """
    check_untied(model)
    owners = [
        _Owner("the pre-trained model", usable_model("the pre-trained model", pretrained)),
        *(
            _Owner(f"the expert of {t!r}", usable_model(f"the expert of {t!r}", p))
            for t, p in zip(tasks, experts, strict=True)
        ),
    ]
    for name, owner in zip(("pretrained", *tasks), owners, strict=True):
        require_fit(model, name, owner.params, owners[0].params)
    _require_one_type(owners)
    buffers = {name for name, _ in model.named_buffers()}
    merged, never_negative = set[str](), set[str]()
    for name, like in owners[0].params.items():
        if like.dtype not in MERGED_TYPES:
            _require_equal(name, owners)
            continue
        ranges = [_range(owner.params[name]) for owner in owners]
        if _is_constant(name, owners, ranges, buffers):
            continue
        merged.add(name)
        own_name = name.rpartition(".")[2]
        if name in buffers and VARIANCE.fullmatch(own_name):
            if min(ranges)[0] >= 0:
                never_negative.add(name)
            elif own_name == "running_var":
                raise ConfigError(f"{_least(owners, ranges)} holds a negative variance in {name}, {min(ranges)[0]:.3g}")
    if not merged:
        raise ConfigError("expected models with floating-point weights, found none that can be merged or trained")
    if len(tasks) > 1 or experts[0] is not pretrained:
        _require_own_memory(owners, merged)
    return CheckedWeights(
        owners[0].params, tuple(owner.params for owner in owners[1:]), frozenset(merged), frozenset(never_negative)
    )


def _require_one_type(owners: Sequence[_Owner]) -> None:
    """Refuse models that hold one weight in several types."""
    first, *others = owners
    for other in others:
        for name, tensor in first.params.items():
            if other.params[name].dtype != tensor.dtype:
                raise ConfigError(
                    f"{name} is {type_name(tensor)} in {first.title} and {type_name(other.params[name])} in "
                    f"{other.title}; convert one of them, every model must hold it in the same type"
                )


def _require_equal(name: str, owners: Sequence[_Owner]) -> None:
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


def _is_constant(name: str, owners: Sequence[_Owner], ranges: Sequence[tuple[float, float]], buffers: set[str]) -> bool:
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


def _require_own_memory(owners: Sequence[_Owner], merged: set[str]) -> None:
    """Refuse two models whose merged weights all lie in the same memory."""
    seen: dict[tuple[object, ...], str] = {}
    for owner in owners:
        place = tuple(
            (name, tensor.data_ptr(), tensor.stride())
            for name, tensor in owner.params.items()
            if name in merged and tensor.numel()
        )
        if place and place in seen:
            raise ConfigError(
                f"{owner.title} lies in the same memory as {seen[place]}, so both are one model; state_dict() does not "
                "copy: clone every tensor of it before the model is trained or loaded again"
            )
        seen[place] = owner.title


def _range(tensor: Tensor) -> tuple[float, float]:
    """Return the least and greatest entry, both NaN where one is; (0, 0) for no entries. Makes no copy."""
    if tensor.numel() == 0:
        return 0.0, 0.0
    low, high = torch.aminmax(tensor)
    return float(low), float(high)


def _least(owners: Sequence[_Owner], ranges: Sequence[tuple[float, float]]) -> str:
    return owners[ranges.index(min(ranges))].title


def _same(one: Tensor, other: Tensor) -> bool:
    if one.dtype.is_floating_point and one.dtype.itemsize == 1:  # torch compares the bytes of 8-bit floats only
        one, other = one.view(torch.uint8), other.view(torch.uint8)
    return torch.equal(one, other)
