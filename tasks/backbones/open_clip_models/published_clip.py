"""The model that the authors of PWE MoE train and count: a CLIP without its text transformer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

KEPT = ("token_embedding", "positional_embedding", "ln_final", "text_projection", "logit_scale")
"""What is kept of the text side, by its names in open_clip's CLIP."""
UNNUMBERED = "ln_attn"
"""A module of every block in open_clip 2.0.2 that is an identity there, and gets a router where all modules do."""


class PublishedClip(nn.Module):
    """An image tower beside the text side's embeddings, last norm, projection and temperature, none of which ever runs.

    Names are those of open_clip's full model. With it parameters count as in table 8 of arXiv 2406.09770, and
    `upscale: all` makes the routers that the authors' code makes, those included that nothing reaches: of
    `token_embedding`, `ln_final`, and every block's `ln_attn`.

    Args:
        visual: the image tower, a vision transformer of open_clip.
        whole: open_clip's CLIP, from which the rest is taken.
    """

    def __init__(self, visual: Any, whole: nn.Module) -> None:
        super().__init__()
        for block in visual.transformer.resblocks:
            block.add_module(UNNUMBERED, _WithoutNumbers())
        self.visual = visual
        for name in KEPT:
            setattr(self, name, getattr(whole, name))

    def forward(self, images: Tensor) -> Tensor:
        """Map images (n, 3, height, width) to features (n, d)."""
        features: Tensor = self.visual(images)
        return features


class _WithoutNumbers(nn.Module):
    """Owns a parameter of no numbers, so that it counts among the modules with parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.nothing = nn.Parameter(torch.empty(0, device="meta"))


def is_published_kind(config: Mapping[str, Any]) -> bool:
    """Return whether a model by this configuration of open_clip is of the published kind.

    It has a vision transformer of open_clip's own, and its text side is not one module.
    """
    vision = config["vision_cfg"]
    own_tower = "timm_model_name" not in vision and isinstance(vision.get("layers", 12), int)
    return own_tower and not config.get("custom_text") and "hf_model_name" not in config["text_cfg"]


def without_unnumbered(params: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights that open_clip knows."""
    return {name: tensor for name, tensor in params.items() if f".{UNNUMBERED}." not in name}
