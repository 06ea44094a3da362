"""Holding the weights of a file against an encoder: nothing missing, nothing left over, every shape right."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from torch import Tensor, nn

from ...errors import DataError
from ..precision import type_name
from ..weight_files.stored_weights import StoredWeights

COMPUTED = re.compile(
    r"(^|\.)((attn|attention|crossattention)\.(masked_)?bias|position_ids|token_type_ids|inv_freq|num_batches_tracked|"
    r"relative_position_index|relative_coords_table|attn_mask)$"
)
"""Ends of names of tables that files of older versions hold and that newer code computes."""
UNUSED = frozenset({"mask_token", "logit_scale", "logit_bias"})
"""Weights of pre-training beside an encoder's layers, which it does not use."""
_PREFIX_PARTS = 3

Renaming = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]
"""From tensors by a file's names to tensors by the library's."""


def unwrapped(tensors: Mapping[str, Tensor], expected: Collection[str], rename: Renaming = dict) -> dict[str, Tensor]:
    """Return a file's tensors by the library's names, without a prefix that training code put before them.

    Of all prefixes that half of the names share, the one whose removal makes most names known is removed, the shortest
    where several do.

    Args:
        tensors: by the file's names.
        expected: the library's names.
        rename: how the library itself renames weights of older versions.
    """
    known = frozenset(expected)

    def without(prefix: str) -> dict[str, Tensor]:
        return rename({name.removeprefix(prefix): tensor for name, tensor in tensors.items()})

    candidates = sorted(_shared_prefixes(tensors), key=len)
    best, most = without(""), -1
    for prefix in candidates:
        renamed = without(prefix)
        n_known = len(known & renamed.keys())
        if n_known > most:
            best, most = renamed, n_known
        if most == len(known):
            break
    return best


def require_no_adapter(stored: StoredWeights) -> None:
    """Refuse a file of what was added to a model's weights in fine-tuning, without these themselves.

    Raises:
        DataError: it is one.
    """
    if any("lora_" in name for name in stored.tensors):
        raise DataError(
            f"{stored.source} holds an adapter (LoRA), expected all weights of a model; merge the adapter into its "
            "model, such as by peft's merge_and_unload, and save that"
        )


def fitting(
    encoder: nn.Module,
    found: Mapping[str, Tensor],
    source: str,
    *,
    why_missing: Callable[[str], str] | None = None,
    vocabulary: str = "",
    title: str = "the model",
) -> dict[str, Tensor]:
    """Return the weights of an encoder from what a file holds of it, the same tensors; drop tables that are computed.

    Args:
        encoder: the architecture; whole-numbered buffers with values stand in for those that a file leaves out.
        found: tensors by the encoder's names, and others beside it.
        source: what messages call the file.
        why_missing: more about a layer that is missing, to be put behind the message.
        vocabulary: the name of the weights that have a row a token.
        title: what messages call the architecture.

    Raises:
        DataError: a layer is missing, has another shape or type, or the file has layers that the architecture has not.
    """
    expected = encoder.state_dict()
    fit: dict[str, Tensor] = {}
    missing = []
    for name, like in expected.items():
        if name in found:
            fit[name] = found[name]
        elif not like.is_meta and not like.is_floating_point():
            fit[name] = like.clone()
        else:
            missing.append(name)
    if missing:
        why = why_missing(missing[0]) if why_missing is not None else ""
        _refuse_missing(missing, expected, found, source, title, why)
    _require_nothing_over(encoder, expected, found, source, title)
    for name, like in expected.items():
        _require_shape(name, fit[name], like, source, title, name == vocabulary)
    return fit


def _shared_prefixes(names: Collection[str]) -> set[str]:
    """Return the empty prefix and all of a few parts that half of the names begin with."""
    counts: dict[str, int] = {}
    for name in names:
        parts = name.split(".")[:-1][:_PREFIX_PARTS]
        for n in range(1, len(parts) + 1):
            prefix = ".".join(parts[:n]) + "."
            counts[prefix] = counts.get(prefix, 0) + 1
    return {"", *(prefix for prefix, count in counts.items() if 2 * count >= len(names))}


def _refuse_missing(
    missing: list[str], expected: Collection[str], found: Collection[str], source: str, title: str, why: str
) -> None:
    if len(missing) == len(expected):
        raise DataError(
            f"{source} holds no weights of {title}: expected names such as {missing[0]}, found "
            f"{', '.join(sorted(found)[:2]) or 'none'}; give a file of this architecture"
        )
    raise DataError(
        f"{source} lacks {_few(missing)}: expected the {len(expected)} weights of {title}, found "
        f"{len(expected) - len(missing)}; {why or 'give a complete file of this architecture'}"
    )


def _require_nothing_over(
    encoder: nn.Module, expected: Mapping[str, Tensor], found: Mapping[str, Tensor], source: str, title: str
) -> None:
    """Refuse layers within the encoder that it does not have; what is beside it, such as heads, is nobody's concern."""
    children = {name for name, _ in encoder.named_children()}
    over = []
    for name, tensor in found.items():
        if name in expected or COMPUTED.search(name) or not tensor.is_floating_point():
            continue
        first, dot, _ = name.partition(".")
        if first in children if dot else (tensor.ndim > 0 and name not in UNUSED):
            over.append(name)
    if over:
        raise DataError(
            f"{source} holds {_few(over)}, which {title} does not have; expected its {len(expected)} weights alone, "
            f"so it is of another architecture, perhaps a deeper one"
        )


def _require_shape(name: str, tensor: Tensor, like: Tensor, source: str, title: str, is_vocabulary: bool) -> None:
    if like.is_floating_point() and (not tensor.is_floating_point() or tensor.dtype.itemsize == 1):
        raise DataError(
            f"{source} holds {name} as {type_name(tensor)}, expected floating-point numbers of 16 bits or more; "
            "quantised weights cannot be merged, give the file that they were made from"
        )
    if tensor.shape == like.shape:
        return
    if is_vocabulary and tensor.shape[1:] == like.shape[1:]:
        raise DataError(
            f"{source} has a vocabulary of {len(tensor)} tokens ({name}), expected the model's {len(like)}; models "
            "whose tokens were added or removed in fine-tuning cannot be merged"
        )
    raise DataError(
        f"{source} holds {name} of shape {tuple(tensor.shape)}, expected {tuple(like.shape)} as in {title}; "
        "give a file of this architecture"
    )


def _few(names: list[str]) -> str:
    """Return one or two names and how many more there are."""
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return f"{', '.join(names[:2])}{more}"
