"""Tell from the names and shapes of a file's tensors which architecture they are probably of."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor

from .weight_names import prefix_of

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]
"""Shapes of tensors by name, without a prefix that training code put before all."""


@dataclass(frozen=True)
class RecognisedWeights:
    """What tensors look like."""

    title: str
    """What messages call it, such as "a ResNet"."""
    model: str
    """The model of a suite file that they fit, as it is written there; empty where a file beside them must tell."""
    doubt: str
    """What neither names nor shapes tell."""
    library: str
    """The library that has it, the first where two have."""
    is_clip: bool


@dataclass(frozen=True)
class _Kind:
    told_by: str
    """A name that such files have."""
    title: str
    library: str
    model: Callable[[Shapes], str]
    doubt: str
    is_clip: bool = False


_FOLDER = "all of its configuration; give the folder that save_pretrained wrote, with its config.json"
_CLIPS = {(768, 32): "ViT-B-32", (768, 16): "ViT-B-16", (1024, 14): "ViT-L-14", (1280, 14): "ViT-H-14"}
"""open_clip's names by the width of the image tower and the side of a patch in pixels, for images of 224 pixels."""
_RESNETS: dict[tuple[int, ...], tuple[str, str]] = {
    (2, 2, 2, 2): ("resnet18", ""),
    (3, 4, 6, 3): ("resnet34", "resnet50"),
    (3, 4, 23, 3): ("", "resnet101"),
}
"""By blocks a stage: of two convolutions, of three."""
_SIZES = {192: "tiny", 384: "small", 768: "base", 1024: "large"}


def recognised(tensors: Shapes) -> RecognisedWeights | None:
    """Return what tensors look like, None where they look like nothing known.

    Args:
        tensors: shapes by a file's names, under whatever prefix.
    """
    for kind in _KINDS:
        prefix = prefix_of(tensors, [kind.told_by])
        if prefix is not None:
            within = {name.removeprefix(prefix): shape for name, shape in tensors.items()}
            return RecognisedWeights(kind.title, kind.model(within), kind.doubt, kind.library, kind.is_clip)
    return None


def another_model(tensors: Mapping[str, Tensor]) -> str:
    """Return what a message about a file that is taken for a CLIP says of it: what it is, and what to write.

    Empty where it looks like a CLIP, or like nothing known.
    """
    found = recognised({name: tuple(tensor.shape) for name, tensor in tensors.items()})
    if found is None or found.is_clip:
        return ""
    model = found.model or f"{found.library}: ..."
    return f"its weights are called as those of {found.title}; write model: {{{model}}}"


def is_head_alone(tensors: Shapes) -> bool:
    """Return whether a file holds one linear layer and nothing else."""
    own = {name.rpartition(".")[2]: shape for name, shape in tensors.items()}
    return own.keys() <= {"weight", "bias"} and len(own) == len(tensors) and len(own.get("weight", ())) == 2


def _open_clip(shapes: Shapes) -> str:
    patches = shapes["visual.conv1.weight"]
    return _clip(patches, shapes.get("visual.positional_embedding"))


def _hugging_face_clip(shapes: Shapes) -> str:
    place = "embeddings.position_embedding.weight"
    return _clip(shapes["embeddings.patch_embedding.weight"], shapes.get(place))


def _clip(patches: tuple[int, ...], positions: tuple[int, ...] | None) -> str:
    name = _CLIPS.get((patches[0], patches[-1]), "")
    side = math.isqrt(positions[0] - 1) * patches[-1] if positions else 224
    return f"open_clip: {name}" if name and side == 224 else ""


def _timm_vit(shapes: Shapes) -> str:
    patches, positions = shapes.get("patch_embed.proj.weight"), shapes.get("pos_embed")
    if patches is None or positions is None or patches[0] not in _SIZES:
        return ""
    side = math.isqrt(positions[1]) * patches[-1]
    size = "" if side == 224 else f", options: {{img_size: {side}}}"
    return f"timm: vit_{_SIZES[patches[0]]}_patch{patches[-1]}_224{size}"


def _torchvision_vit(shapes: Shapes) -> str:
    patches = shapes.get("conv_proj.weight", (0,))
    letter = {768: "b", 1024: "l", 1280: "h"}.get(patches[0])
    return f"torchvision: vit_{letter}_{patches[-1]}" if letter else ""


def _resnet(shapes: Shapes) -> str:
    stages = [
        {int(found[1]) for name in shapes if (found := re.match(rf"layer{n}\.(\d+)\.", name))} for n in range(1, 5)
    ]
    names = _RESNETS.get(tuple(map(len, stages)), ("", ""))
    name = names["layer1.0.conv3.weight" in shapes]
    return f"torchvision: {name}" if name else ""


def _untold(_shapes: Shapes) -> str:
    return ""


_KINDS = (
    _Kind(
        "visual.conv1.weight",
        "a CLIP of open_clip",
        "open_clip",
        _open_clip,
        "whether it computes with QuickGELU (OpenAI's weights and others': NAME-quickgelu) or GELU",
        is_clip=True,
    ),
    _Kind(
        "embeddings.patch_embedding.weight",
        "a CLIP of transformers",
        "transformers",
        _hugging_face_clip,
        "whether it computes with QuickGELU (OpenAI's weights and others': NAME-quickgelu) or GELU",
        is_clip=True,
    ),
    _Kind(
        "blocks.0.attn.qkv.weight",
        "a vision transformer of timm",
        "timm",
        _timm_vit,
        "which of timm's models it is exactly",
    ),
    _Kind(
        "encoder.layers.encoder_layer_0.ln_1.weight",
        "a vision transformer of torchvision",
        "torchvision",
        _torchvision_vit,
        "which weights its images were normalised for",
    ),
    _Kind(
        "layer1.0.conv1.weight",
        "a ResNet of torchvision or timm",
        "torchvision",
        _resnet,
        "whether it is torchvision's or timm's (timm: NAME), which treat images differently",
    ),
    _Kind("conv_stem.weight", "an EfficientNet or MobileNet of timm", "timm", _untold, "which of timm's models it is"),
    _Kind("stages.0.blocks.0.conv_dw.weight", "a ConvNeXt of timm", "timm", _untold, "which of timm's models it is"),
    _Kind(
        "features.0.0.weight", "a model of torchvision", "torchvision", _untold, "which of torchvision's models it is"
    ),
    _Kind("h.0.attn.c_attn.weight", "a GPT-2 of transformers", "transformers", _untold, _FOLDER),
    _Kind("encoder.layer.0.attention.self.query.weight", "a BERT of transformers", "transformers", _untold, _FOLDER),
    _Kind(
        "encoder.layer.0.attention.attention.query.weight", "a ViT of transformers", "transformers", _untold, _FOLDER
    ),
    _Kind(
        "transformer.layer.0.attention.q_lin.weight", "a DistilBERT of transformers", "transformers", _untold, _FOLDER
    ),
    _Kind("layers.0.self_attn.q_proj.weight", "a decoder of transformers", "transformers", _untold, _FOLDER),
)
"""The first whose name is found counts."""
