"""The small GPT-2 of `text-mini`, which ships as a folder that transformers reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ...errors import DataError, FrontrunnerError
from ..backbones.backbone import Backbone
from ..weight_files.read_weights import read_weights

FOLDER = Path(__file__).parent / "assets" / "gpt2"
"""config.json, tokenizer.json and model.safetensors."""
SIZES = {"vocab_size": 4096, "n_positions": 64, "n_embd": 128, "n_layer": 4, "n_head": 4}
"""The architecture, as transformers' `GPT2Config` takes it."""
PAD, END = "<pad>", "<end>"
"""Tokens beside those of texts: what fills up, and what parts texts in pre-training."""


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
        DataError: a file is missing or damaged.
    """
    from ..backbones.transformers_models.transformers_model import open_transformers

    try:
        return open_transformers(str(FOLDER), {}, FOLDER, is_random=False, max_length=None)
    except FrontrunnerError as error:
        raise _damaged(error) from error


def load_gpt2(device: torch.device) -> LoadedGpt2:
    """Load the shipped pre-trained GPT-2.

    Raises:
        DataError: a file is missing or damaged.
    """
    backbone = gpt2_backbone()
    try:
        stored = backbone.encoder_weights(read_weights(FOLDER))
    except FrontrunnerError as error:
        raise _damaged(error) from error
    # They ship in half precision, which is enough of a model that is trained on.
    return LoadedGpt2(backbone, backbone.build(), {name: t.to(device, torch.float32) for name, t in stored.items()})


def _damaged(error: FrontrunnerError) -> DataError:
    return DataError(
        f"the shipped GPT-2 cannot be read ({error}); reinstall frontrunner or run "
        "`python -m frontrunner.tasks.text_mini.pretrain_gpt2`"
    )
