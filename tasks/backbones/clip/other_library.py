"""The same CLIP for another library: a folder of open_clip written again as transformers loads it, and back.

Only towers that both libraries have code for are taken, with every setting at what the other means without saying so.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from safetensors.torch import load_file

from ..backbone import Backbone
from ..hf_clip.hf_clip_backbone import HfClipBackbone
from ..hf_clip.hf_clip_export import WEIGHTS as HF_WEIGHTS
from ..hf_clip.hf_clip_export import write_hf_clip
from ..open_clip_models.open_clip_architecture import OpenClipArchitecture
from ..open_clip_models.open_clip_backbone import OpenClipBackbone
from ..open_clip_models.open_clip_export import HEAD, write_open_clip
from ..open_clip_models.open_clip_export import WEIGHTS as OPEN_CLIP_WEIGHTS
from .clip_activation import GELU, QUICK_GELU, of_open_clip
from .clip_function import EPS
from .clip_names import from_hugging_face, to_hugging_face

Rewrite: TypeAlias = Callable[[Path, Path], None]
"""Writes a folder of another library, the second, from that of a CLIP's own."""
SIZES = frozenset({"layers", "width", "head_width", "heads", "mlp_ratio", "patch_size", "image_size"})
"""What of a tower both libraries take a number for."""
TEXT_SIZES = SIZES | {"context_length", "vocab_size"}
ELSEWHERE = frozenset({"patch_dropout", "output_tokens", "pad_id", "eos_id", "tokenizer_mode", "tokenizer_kwargs"})
"""What open_clip's configuration says that counts in training, or before the tower."""
CLIP_TOKENS, END = 49408, 49407
"""CLIP's own vocabulary, and the token at the end of its texts, by whose place they are pooled."""
GREATEST = 2
"""The end of texts by which transformers pools them as open_clip does, where the greatest token is."""
RESAMPLE = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
"""Pillow's numbers of ways to resize, which transformers writes."""


def other_libraries(backbone: Backbone) -> Mapping[str, Rewrite]:
    """Return what writes a backbone's models for other libraries than its own, by library; empty where nothing can."""
    if isinstance(backbone, OpenClipBackbone):
        config = _config_of_transformers(backbone)
        return {} if config is None else {"transformers": lambda own, folder: _to_transformers(backbone, own, folder)}
    if isinstance(backbone, HfClipBackbone):
        architecture = _architecture_of_open_clip(backbone)
        if architecture is not None:
            return {"open_clip": lambda own, folder: _to_open_clip(architecture, own, folder)}
    return {}


def _config_of_transformers(backbone: OpenClipBackbone) -> Any:
    """Return the CLIPConfig of a CLIP of open_clip; None where transformers has no such model."""
    from open_clip.model import CLIPTextCfg, CLIPVisionCfg
    from transformers import CLIPConfig

    model = backbone.architecture.config
    activation = of_open_clip(model)
    if model.keys() - {"embed_dim", "quick_gelu", "vision_cfg", "text_cfg"} or activation not in (QUICK_GELU, GELU):
        return None
    vision, text = CLIPVisionCfg(**model["vision_cfg"]), CLIPTextCfg(**model["text_cfg"])
    if not (_is_plain(vision, SIZES) and _is_plain(text, TEXT_SIZES)):
        return None
    if backbone.preprocess["resize_mode"] != "shortest" or not isinstance(vision.image_size, int):
        return None
    common = {"hidden_act": activation, "projection_dim": model["embed_dim"], "layer_norm_eps": EPS}
    end = END if text.vocab_size == CLIP_TOKENS else GREATEST
    return CLIPConfig(
        vision_config={
            **common,
            **_tower(vision, vision.width // vision.head_width),
            "image_size": vision.image_size,
            "patch_size": vision.patch_size,
        },
        text_config={
            **common,
            **_tower(text, text.heads),
            "vocab_size": text.vocab_size,
            "max_position_embeddings": text.context_length,
            "eos_token_id": end,
            "bos_token_id": end - 1,
            "pad_token_id": None,
        },
        projection_dim=model["embed_dim"],
    )


def _tower(tower: Any, heads: int) -> dict[str, Any]:
    return {
        "hidden_size": tower.width,
        "intermediate_size": int(tower.width * tower.mlp_ratio),
        "num_hidden_layers": tower.layers,
        "num_attention_heads": heads,
    }


def _is_plain(tower: Any, sizes: frozenset[str]) -> bool:
    """Return whether all that a tower's configuration says beside its sizes is what open_clip takes without it."""
    default = dataclasses.asdict(type(tower)())
    said = dataclasses.asdict(tower)
    differing = {key for key, value in said.items() if value != default[key]}
    return differing <= sizes | ELSEWHERE and isinstance(said["layers"], int)


def _to_transformers(backbone: OpenClipBackbone, own: Path, folder: Path) -> None:
    write_hf_clip(_config_of_transformers(backbone), to_hugging_face(load_file(own / OPEN_CLIP_WEIGHTS)), None, folder)
    height, width = backbone.preprocess["size"]
    said = {
        "image_processor_type": "CLIPImageProcessor",
        "do_resize": True,
        "size": {"shortest_edge": min(height, width)},
        "resample": RESAMPLE[backbone.preprocess["interpolation"]],
        "do_center_crop": True,
        "crop_size": {"height": height, "width": width},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": backbone.preprocess["mean"],
        "image_std": backbone.preprocess["std"],
        "do_convert_rgb": True,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    _take_head(own, folder)


def _architecture_of_open_clip(backbone: HfClipBackbone) -> OpenClipArchitecture | None:
    """Return open_clip's architecture of a CLIP of transformers; None where it has none."""
    vision, text = backbone.vision, getattr(backbone.config, "text_config", None)
    images = backbone.inputs.facts
    if text is None or not (vision.hidden_act == text.hidden_act in (QUICK_GELU, GELU)):
        return None
    if not vision.layer_norm_eps == text.layer_norm_eps == EPS:
        return None
    if text.eos_token_id not in (GREATEST, text.vocab_size - 1):  # texts are pooled at another place
        return None
    square = [vision.image_size] * 2
    if images["resize"] != "shortest" or [*_pair(images["size"])] != square or [*_pair(images["crop"])] != square:
        return None
    config = {
        "embed_dim": backbone.config.projection_dim,
        "quick_gelu": vision.hidden_act == QUICK_GELU,
        "vision_cfg": {
            "layers": vision.num_hidden_layers,
            "width": vision.hidden_size,
            "head_width": vision.hidden_size // vision.num_attention_heads,
            "mlp_ratio": vision.intermediate_size / vision.hidden_size,
            "patch_size": vision.patch_size,
            "image_size": vision.image_size,
        },
        "text_cfg": {
            "layers": text.num_hidden_layers,
            "width": text.hidden_size,
            "heads": text.num_attention_heads,
            "mlp_ratio": text.intermediate_size / text.hidden_size,
            "context_length": text.max_position_embeddings,
            "vocab_size": text.vocab_size,
        },
    }
    preprocess = {"mean": list(images["mean"]), "std": list(images["std"]), "interpolation": images["interpolation"]}
    return OpenClipArchitecture("the CLIP of transformers", config, preprocess)


def _pair(size: Any) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def _to_open_clip(architecture: OpenClipArchitecture, own: Path, folder: Path) -> None:
    whole = from_hugging_face(load_file(own / HF_WEIGHTS))
    write_open_clip(architecture, {**architecture.preprocess, "resize_mode": "shortest"}, whole, folder)
    _take_head(own, folder)


def _take_head(own: Path, folder: Path) -> None:
    if (own / HEAD).exists():
        shutil.copyfile(own / HEAD, folder / HEAD)
