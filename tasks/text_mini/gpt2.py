"""The small GPT-2 of `text-mini`, which ships as a folder that transformers reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ..backbones.backbone import Backbone
from ..shipped_data.manifest import read_manifest, read_shipped
from ..weight_files.read_weights import read_weights

FOLDER = Path(__file__).parent / "assets" / "gpt2"
"""FILES, and `manifest.json` with their digests and how they were made."""
FILES = ("config.json", "tokenizer.json", "model.safetensors")
SIZES = {"vocab_size": 4096, "n_positions": 64, "n_embd": 128, "n_layer": 4, "n_head": 4}
"""The architecture, as transformers' `GPT2Config` takes it."""
PAD, END = "<pad>", "<end>"
"""Special tokens: padding, and the end of a text in pre-training."""


@dataclass(frozen=True)
class LoadedGpt2:
    """The model without a head, and what it takes."""

    backbone: Backbone
    encoder: nn.Module
    """The architecture, without values."""
    pretrained: dict[str, Tensor]
    """Its weights, in single precision."""


def gpt2_backbone() -> Backbone:
    """Return the architecture with its tokenizer.

    Raises:
        DataError: a file is missing, or is not the one that ships.
    """
    from ..backbones.transformers_models.transformers_model import open_transformers

    shipped = read_manifest(FOLDER, "files")
    for name in FILES:
        read_shipped(FOLDER, shipped.get(name, {}), "files of the GPT-2")
    return open_transformers(str(FOLDER), {}, FOLDER, is_random=False, max_length=None)


def load_gpt2(device: torch.device) -> LoadedGpt2:
    """Load the shipped pre-trained GPT-2.

    Raises:
        DataError: a file is missing, or is not the one that ships.
    """
    backbone = gpt2_backbone()
    stored = backbone.encoder_weights(read_weights(FOLDER))
    # They ship in half precision, which is enough for a model that is fine-tuned anyway.
    return LoadedGpt2(backbone, backbone.build(), {name: t.to(device, torch.float32) for name, t in stored.items()})
