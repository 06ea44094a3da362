"""Heads on a CLIP's image features as files hold them: beside an expert, or alone."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ....errors import DataError, UnknownNameError
from ...weight_files.stored_weights import StoredWeights
from ..backbone import Head
from ..recognised_weights import another_model
from ..weight_names import listed
from .zero_shot import ZeroShotHead

ON_NORMALIZED = "classification_head"
"""What the Task Arithmetic authors' code calls a head, which normalises its features itself."""
SAME_LENGTH = 1e-3
"""Relative difference up to which the rows of a head have one length, as those made of prompts have."""


def heads_in(tensors: Mapping[str, Tensor], width: int) -> dict[str, dict[str, Tensor]]:
    """Return the linear heads on features of a width, by name: `weight` and perhaps `bias`.

    Args:
        tensors: by the file's names; the head of a file that holds nothing else may have no name, "".
        width: length of the features.
    """
    modules: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        module, _, own = name.rpartition(".")
        modules.setdefault(module, {})[own] = tensor
    return {name: parts for name, parts in modules.items() if _is_head(parts, width)}


def read_head(stored: StoredWeights, tensors: Mapping[str, Tensor], width: int, name: str | None) -> Head:
    """Return one of the heads that a file holds.

    Args:
        stored: the file.
        tensors: what of it belongs to no CLIP.
        width: length of the features.
        name: the head's name; found when None.

    Raises:
        DataError: there is none, or several and no name is given.
        UnknownNameError: there is none of that name; the message offers the nearest.
    """
    heads = heads_in(tensors, width)
    if not heads:
        found = f", found {listed(list(tensors))}" if tensors else ""
        raise DataError(
            f"{stored.source} holds no head: expected weights (classes, {width}) beside the model{found}; "
            "give a file of the head, or write head: {zero_shot: ...}"
        )
    if name is None and len(heads) > 1:
        raise DataError(f"{stored.source} holds several heads, {listed(list(heads))}; name one by head: {{own: ...}}")
    if name is not None and name not in heads:
        raise UnknownNameError(f"head of {stored.source}:", name, heads)
    chosen = next(iter(heads)) if name is None else name
    weight, bias = heads[chosen]["weight"], heads[chosen].get("bias")
    return Head(_module(chosen, weight, bias), _classes(stored, len(weight)))


def require_nothing_but_heads(stored: StoredWeights, others: Mapping[str, Tensor], width: int) -> None:
    """Refuse a file that holds weights which are neither the CLIP's nor a head that can be put on its features.

    Args:
        stored: the file.
        others: what of it belongs to no CLIP.
        width: length of the features.

    Raises:
        DataError: it holds some.
    """
    heads = heads_in(others, width)
    odd = [name for name in others if name.rpartition(".")[0] not in heads]
    if odd:
        shape = tuple(others[odd[0]].shape)
        advice = another_model(stored.tensors) or (
            "name the model that they are of, or save the file again without them"
        )
        raise DataError(
            f"{stored.source} holds {listed(odd)} beside the CLIP: expected the model, and linear heads on its {width} "
            f"features (weight (classes, {width}) and bias), found {odd[0]} of shape {shape}; {advice}"
        )


def _is_head(parts: Mapping[str, Tensor], width: int) -> bool:
    if "weight" not in parts or not parts.keys() <= {"weight", "bias"}:
        return False
    weight, bias = parts["weight"], parts.get("bias")
    return weight.ndim == 2 and weight.shape[1] == width and (bias is None or bias.shape == weight.shape[:1])


def _module(name: str, weight: Tensor, bias: Tensor | None) -> nn.Module:
    """Return the head; on normalised features where it was made of prompts, whose rows have one length and no bias."""
    bias = bias if bias is not None and bool(bias.any()) else None
    lengths = weight.float().norm(dim=1)
    of_prompts = bias is None and bool((lengths - lengths.mean()).abs().max() <= SAME_LENGTH * lengths.mean())
    if of_prompts or name.rpartition(".")[2] == ON_NORMALIZED:
        return ZeroShotHead(weight, bias)
    with torch.device("meta"):
        linear = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    linear.load_state_dict({"weight": weight} if bias is None else {"weight": weight, "bias": bias}, assign=True)
    return linear.eval().requires_grad_(False)


def _classes(stored: StoredWeights, n_classes: int) -> tuple[str, ...] | None:
    """Return the names of the classes where a configuration of transformers beside the weights says them."""
    labels = stored.config.get("id2label")
    try:
        names = tuple(str(labels[str(k)]) for k in range(n_classes))  # type: ignore[index] # checked by the attempt
    except (TypeError, KeyError):
        return None
    return names if len(labels or ()) == n_classes and names[0] != "LABEL_0" else None
