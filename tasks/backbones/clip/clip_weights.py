"""Sorting the weights of a CLIP's file into image tower, text side and whatever else it holds, whoever wrote it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from ....errors import DataError
from ....file_digest import digest_files
from ...weight_files.cached_tensors import converted
from ...weight_files.stored_weights import StoredWeights
from ..recognised_weights import another_model
from ..weight_names import listed, prefix_of
from . import clip_names
from .clip_names import PATCHES, VISION, is_hugging_face, renamed_for_open_clip

TOWER = "visual."
"""The prefix of the image tower in open_clip's full models."""
TEXT_SIDE = frozenset(
    {
        *("transformer", "token_embedding", "positional_embedding", "ln_final", "text_projection"),
        *("text", "logit_scale", "logit_bias"),
    }
)
"""How names of everything but the image tower begin in open_clip's full models; `text` where it is one module."""
CONSTANTS = frozenset({"attn_mask", "position_ids", "input_resolution", "context_length", "vocab_size"})
"""Own names of what older files hold beside weights: masks and sizes, which the architecture makes itself."""


@dataclass(frozen=True)
class ClipWeights:
    """What a file holds of a CLIP."""

    visual: dict[str, Tensor]
    """The image tower, by its own names; also what looks like it and is not."""
    text: dict[str, Tensor]
    """The text side, by the names in open_clip's full model: text tower, projection and temperature; may be empty."""
    others: dict[str, Tensor]
    """What is no part of a CLIP, such as heads, by the file's names."""


def sort_clip_weights(stored: StoredWeights, visual: Collection[str]) -> ClipWeights:
    """Return what a file holds, under open_clip's names.

    It may be of a full model or an image tower, by open_clip or Hugging Face, under any prefix (`model.`, `module.`).

    Args:
        stored: the file.
        visual: names in the architecture's image tower.

    Raises:
        DataError: it holds no CLIP.
    """
    tensors, others = _under_one_prefix(stored)
    # Blocks of the text tower have the same names: what only an image tower has tells, even where layers are missing.
    prefix = prefix_of(tensors, [name for name in visual if _first(name) not in TEXT_SIDE])
    if prefix is None:
        found = listed(list(stored.tensors)) or "no weights"
        raise DataError(
            f"{stored.source} holds no image tower of a CLIP: expected names such as visual.conv1.weight or "
            f"vision_model.embeddings.patch_embedding.weight, found {found}; "
            f"{another_model(stored.tensors) or 'give a file of the CLIP, or name the model that they are of'}"
        )
    outer = prefix.removesuffix(TOWER) if prefix.endswith(TOWER) else None
    in_visual = frozenset(_first(name) for name in visual)
    result = ClipWeights({}, {}, others)
    for name, tensor in tensors.items():
        if name.rpartition(".")[2] in CONSTANTS:
            continue
        if name.startswith(prefix) and _first(name[len(prefix) :]) in in_visual:
            result.visual[name[len(prefix) :]] = tensor
        elif outer is not None and name.startswith(outer) and _first(name[len(outer) :]) in TEXT_SIDE:
            result.text[name[len(outer) :]] = tensor
        else:
            result.others[name] = tensor
    return result


def like(tensor: Tensor, others: Mapping[str, Tensor]) -> Tensor:
    """Return a weight of the pre-trained model in the type of a file's own weights."""
    return tensor.to(next((other.dtype for other in others.values() if other.is_floating_point()), tensor.dtype))


def _under_one_prefix(stored: StoredWeights) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return a CLIP by open_clip's names under whatever prefix, and the rest where the file is of Hugging Face."""
    if not is_hugging_face(stored.tensors):
        return dict(stored.tensors), {}
    patches = next(name for name in stored.tensors if name.endswith(PATCHES))
    prefix = patches.removesuffix(PATCHES).removesuffix(VISION)
    within = {name[len(prefix) :]: tensor for name, tensor in stored.tensors.items() if name.startswith(prefix)}
    others = {name: tensor for name, tensor in stored.tensors.items() if not name.startswith(prefix)}
    renamed = renamed_for_open_clip(within)
    key = {"conversion": "CLIP to open_clip", "file": stored.digest, "code": digest_files(Path(clip_names.__file__))}
    return {**renamed.views, **converted(key, renamed.computed)}, others


def _first(name: str) -> str:
    return name.partition(".")[0]
