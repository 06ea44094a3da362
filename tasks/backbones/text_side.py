"""The model that the authors of PWE MoE train and count: a CLIP without its text transformer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

KEPT = ("token_embedding", "positional_embedding", "ln_final", "text_projection", "logit_scale")
"""What is kept of the text side, in the order of open_clip's CLIP."""


def has_small_parts(config: Mapping[str, Any]) -> bool:
    """Return whether a model by this configuration of open_clip has them, and not one module for the text side."""
    return not config.get("custom_text") and "hf_model_name" not in config["text_cfg"]


class ClipWithoutTextTransformer(nn.Module):
    """An image tower beside the text side's embeddings, last norm, projection and temperature, which never run.

    Names are those of open_clip's full model, so that parameters count as in table 8 of arXiv 2406.09770. Files that
    lack the text side have it from the pre-trained model.

    Args:
        visual: the image tower.
        whole: open_clip's CLIP, from which the rest is taken.
    """

    def __init__(self, visual: nn.Module, whole: nn.Module) -> None:
        super().__init__()
        self.visual = visual
        for name in KEPT:
            setattr(self, name, getattr(whole, name))

    def forward(self, images: Tensor) -> Tensor:
        """Map images (n, 3, height, width) to features (n, d)."""
        features: Tensor = self.visual(images)
        return features
