"""Checking the models that a problem is made with: whatever passes can be merged and trained without a surprise.

Each check looks at every weight once and copies none of them. Weights that are mapped from files are looked at once
for all processes: what was found is remembered by the content of the files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from torch import Tensor, nn

from ..errors import ConfigError
from .architecture_checks import check_untied, require_fit, usable_model
from .facts import recall, remember
from .precision import type_name
from .weight_files.weight_digest import content_key
from .weight_values import Owner, kinds_of_weights

CHECKS = 1
"""The version of the checks: what an older one found is not taken for what this one finds."""


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
        Owner("the pre-trained model", usable_model("the pre-trained model", pretrained)),
        *(
            Owner(f"the expert of {t!r}", usable_model(f"the expert of {t!r}", p))
            for t, p in zip(tasks, experts, strict=True)
        ),
    ]
    for name, owner in zip(("pretrained", *tasks), owners, strict=True):
        require_fit(model, name, owner.params, owners[0].params)
    _require_one_type(owners)
    merged, never_negative = _remembered_kinds(owners, {name for name, _ in model.named_buffers()})
    if not merged:
        raise ConfigError("expected models with floating-point weights, found none that can be merged or trained")
    if len(tasks) > 1 or experts[0] is not pretrained:
        _require_own_memory(owners, merged)
    return CheckedWeights(owners[0].params, tuple(owner.params for owner in owners[1:]), merged, never_negative)


def _remembered_kinds(owners: Sequence[Owner], buffers: set[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return what `kinds_of_weights` does; without looking, where it is known of the content of mapped files.

    What is wrong is not remembered, so the message is made anew.
    """
    contents = [content_key(owner.params) for owner in owners]
    if any(content is None for content in contents):
        return kinds_of_weights(owners, buffers)
    key = [CHECKS, contents, sorted(buffers)]
    known = recall("checked", key)
    if isinstance(known, dict):
        return frozenset(known["merged"]), frozenset(known["never_negative"])
    merged, never_negative = kinds_of_weights(owners, buffers)
    remember("checked", key, {"merged": sorted(merged), "never_negative": sorted(never_negative)})
    return merged, never_negative


def _require_one_type(owners: Sequence[Owner]) -> None:
    """Refuse models that hold one weight in several types."""
    first, *others = owners
    for other in others:
        for name, tensor in first.params.items():
            if other.params[name].dtype != tensor.dtype:
                raise ConfigError(
                    f"{name} is {type_name(tensor)} in {first.title} and {type_name(other.params[name])} in "
                    f"{other.title}; convert one of them, every model must hold it in the same type"
                )


def _require_own_memory(owners: Sequence[Owner], merged: Set[str]) -> None:
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
