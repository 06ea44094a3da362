"""Sorting the weights of a CLIP's file under Hugging Face's names, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ...weight_files.stored_weights import StoredWeights
from ..clip.clip_names import PATCHES, VISION, from_hugging_face, is_hugging_face, to_hugging_face
from ..clip.clip_weights import CONSTANTS, TOWER, ClipWeights, sort_clip_weights

OF_IMAGES = frozenset({"vision_model", "visual_projection"})
OF_TEXTS = frozenset({"text_model", "text_projection", "logit_scale"})
"""How names begin in a CLIPModel."""


def sort_for_hugging_face(stored: StoredWeights, encoder: Mapping[str, Tensor]) -> ClipWeights:
    """Return what a file of transformers or open_clip holds of a CLIP, under the names of a CLIPModel, as views.

    Args:
        stored: a full model or an image tower, with or without its projection, under any prefix.
        encoder: the state dict of the architecture's CLIPVisionModelWithProjection.

    Raises:
        DataError: it holds no CLIP.
    """
    if not is_hugging_face(stored.tensors):
        names = [name.removeprefix(TOWER) for name in from_hugging_face(encoder)]
        found = sort_clip_weights(stored, names)
        visual = to_hugging_face({f"{TOWER}{name}": tensor for name, tensor in found.visual.items()})
        return ClipWeights(visual, to_hugging_face(found.text), found.others)
    patches = next(name for name in stored.tensors if name.endswith(PATCHES))
    bare = not patches.endswith(f"{VISION}{PATCHES}")  # an image tower alone, by transformers 5
    prefix = patches.removesuffix(PATCHES).removesuffix(VISION)
    result = ClipWeights({}, {}, {})
    for given, tensor in stored.tensors.items():
        name = given.removeprefix(prefix)
        if name.rpartition(".")[2] in CONSTANTS:
            continue
        if bare and f"{VISION}{name}".startswith(_beginnings(encoder)):
            name = f"{VISION}{name}"
        first = name.partition(".")[0]
        if not given.startswith(prefix) or first not in OF_IMAGES | OF_TEXTS:
            result.others[given] = tensor
        elif first in OF_IMAGES:
            result.visual[name] = tensor
        else:
            result.text[name] = tensor
    return result


def _beginnings(encoder: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Return how names within the image tower begin: those of its modules."""
    return tuple({".".join(name.split(".")[:2]) + "." for name in encoder if name.startswith(VISION)})
