"""The exact map between Hugging Face's names of a CLIP's weights and those of open_clip, both ways.

Only names differ but for two: queries, keys and values are one matrix in open_clip, and projections are transposed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

VISION = "vision_model."
"""The prefix of Hugging Face's image tower; files of a `CLIPVisionModel` by transformers 5 leave it out."""
TEXT = "text_model."
PATCHES = "embeddings.patch_embedding.weight"
"""By this weight an image tower is told."""

_PLAIN = {
    f"{VISION}embeddings.class_embedding": "visual.class_embedding",
    f"{VISION}{PATCHES}": "visual.conv1.weight",
    f"{VISION}embeddings.position_embedding.weight": "visual.positional_embedding",
    f"{VISION}pre_layrnorm.weight": "visual.ln_pre.weight",  # spelt so by its makers
    f"{VISION}pre_layrnorm.bias": "visual.ln_pre.bias",
    f"{VISION}post_layernorm.weight": "visual.ln_post.weight",
    f"{VISION}post_layernorm.bias": "visual.ln_post.bias",
    f"{TEXT}embeddings.token_embedding.weight": "token_embedding.weight",
    f"{TEXT}embeddings.position_embedding.weight": "positional_embedding",
    f"{TEXT}final_layer_norm.weight": "ln_final.weight",
    f"{TEXT}final_layer_norm.bias": "ln_final.bias",
    "logit_scale": "logit_scale",
}
_TRANSPOSED = {"visual_projection.weight": "visual.proj", "text_projection.weight": "text_projection"}
_TOWERS = {
    f"{VISION}encoder.layers.": "visual.transformer.resblocks.",
    f"{TEXT}encoder.layers.": "transformer.resblocks.",
}
_OF_BLOCK = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}
_PROJECTIONS = ("q", "k", "v")
_IN_BLOCK = re.compile(r"(?P<layer>\d+)\.(?P<part>.+)\.(?P<kind>weight|bias)")
_JOINED = re.compile(r"(?P<layer>\d+)\.attn\.in_proj_(?P<kind>weight|bias)")

_PLAIN_BACK = {own: theirs for theirs, own in _PLAIN.items()}
_TRANSPOSED_BACK = {own: theirs for theirs, own in _TRANSPOSED.items()}
_TOWERS_BACK = {own: theirs for theirs, own in _TOWERS.items()}
_OF_BLOCK_BACK = {own: theirs for theirs, own in _OF_BLOCK.items()}


def is_hugging_face(names: Iterable[str]) -> bool:
    """Return whether these are Hugging Face's names of a CLIP with an image tower, whatever prefix they have."""
    return any(name.endswith(PATCHES) for name in names)


@dataclass(frozen=True)
class Renamed:
    """Weights by other names, of which some are still to be computed."""

    views: dict[str, Tensor]
    """Those that differ in their name alone; and what is not in the map, under the names that it has."""
    thirds: dict[str, tuple[Tensor, ...]]
    """The parts of joined matrices, in order."""
    transposed: dict[str, Tensor]
    """Matrices that are to be transposed."""

    def computed(self) -> dict[str, Tensor]:
        """Return what is not a view: joined and transposed matrices, copies of their own."""
        joined = {name: torch.cat(parts) for name, parts in self.thirds.items()}
        return {**joined, **{name: tensor.T.contiguous() for name, tensor in self.transposed.items()}}


def renamed_for_open_clip(tensors: Mapping[str, Tensor]) -> Renamed:
    """Return a CLIP's weights by open_clip's names, `visual.*` and the text side.

    Buffers of positions are dropped. Names that are not in the map stay as they are, for the caller to refuse.

    Args:
        tensors: weights of a CLIPModel or its parts by the names of transformers 4 (`vision_model.*`) or, for an image
            tower alone, of transformers 5 (no prefix).
    """
    alone = not any(name.startswith(VISION) for name in tensors)
    found = Renamed({}, {}, {})
    parts: dict[str, dict[str, Tensor]] = {}
    for given, tensor in tensors.items():
        if given.endswith("position_ids"):
            continue
        name = f"{VISION}{given}" if alone and f"{VISION}{given}".startswith(_OF_TOWER) else given
        if name in _PLAIN:
            found.views[_PLAIN[name]] = tensor
        elif name in _TRANSPOSED:
            found.transposed[_TRANSPOSED[name]] = tensor
        elif joined := _joined_name(name):
            parts.setdefault(joined, {})[name] = tensor
        else:
            found.views[_block_name(name, _TOWERS, _OF_BLOCK) or given] = tensor
    for joined, three in parts.items():
        if len(three) == len(_PROJECTIONS):
            found.thirds[joined] = tuple(three[name] for name in sorted(three, key=_projection))
        else:
            found.views.update(three)
    return found


def from_hugging_face(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what `renamed_for_open_clip` does, all of it computed now."""
    renamed = renamed_for_open_clip(tensors)
    return {**renamed.views, **renamed.computed()}


def to_hugging_face(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a CLIP's weights by Hugging Face's names (`vision_model.*`, ...), all views.

    Args:
        tensors: weights by open_clip's names; what is not in the map keeps its name.
    """
    theirs: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name in _PLAIN_BACK:
            theirs[_PLAIN_BACK[name]] = tensor
        elif name in _TRANSPOSED_BACK:
            theirs[_TRANSPOSED_BACK[name]] = tensor.T
        elif split := _split_names(name):
            theirs.update(zip(split, tensor.chunk(len(split)), strict=True))
        else:
            theirs[_block_name(name, _TOWERS_BACK, _OF_BLOCK_BACK) or name] = tensor
    return theirs


_OF_TOWER = tuple(name for name in (*_PLAIN, *_TOWERS) if name.startswith(VISION))
"""How names within an image tower begin."""


def _block_name(name: str, towers: Mapping[str, str], parts: Mapping[str, str]) -> str | None:
    """Return the other library's name of a weight in a block; None for others, and for those of queries and so on."""
    for prefix, other in towers.items():
        if name.startswith(prefix):
            found = _IN_BLOCK.fullmatch(name[len(prefix) :])
            if found and found["part"] in parts:
                return f"{other}{found['layer']}.{parts[found['part']]}.{found['kind']}"
    return None


def _joined_name(name: str) -> str | None:
    """Return open_clip's name of the matrix that a weight of queries, keys or values is a third of."""
    for prefix, other in _TOWERS.items():
        if name.startswith(prefix):
            found = _IN_BLOCK.fullmatch(name[len(prefix) :])
            if found and found["part"] in {f"self_attn.{kind}_proj" for kind in _PROJECTIONS}:
                return f"{other}{found['layer']}.attn.in_proj_{found['kind']}"
    return None


def _split_names(name: str) -> list[str]:
    """Return Hugging Face's names of the thirds of a joined matrix, in order; empty for all other weights."""
    for prefix, other in _TOWERS_BACK.items():
        if name.startswith(prefix) and (found := _JOINED.fullmatch(name[len(prefix) :])):
            return [f"{other}{found['layer']}.self_attn.{kind}_proj.{found['kind']}" for kind in _PROJECTIONS]
    return []


def _projection(name: str) -> int:
    """Return the place of a weight of queries, keys or values in the joined matrix."""
    return _PROJECTIONS.index(name.rpartition(".")[0].rpartition(".")[2][0])
