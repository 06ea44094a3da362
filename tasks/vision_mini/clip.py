"""The small CLIP of `vision-mini`: open_clip's model code with a configuration of ours, and its zero-shot heads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

from ...errors import DataError
from ..backbones.clip.zero_shot import ZeroShotHead, zero_shot_weight

if TYPE_CHECKING:
    from open_clip.model import CLIP

ASSETS = Path(__file__).parent / "assets"
WEIGHTS = ASSETS / "clip.safetensors"
TOKENIZER = ASSETS / "tokenizer.json"

EMBEDDING = 64
"""Length of an image's or text's features."""
VISION = {"image_size": 32, "patch_size": 8, "width": 96, "head_width": 32, "layers": 4}
TEXT = {"context_length": 16, "width": 64, "heads": 2, "layers": 2}

TEMPLATES: dict[str, tuple[str, ...]] = {
    "digits": ("a handwritten digit {}", "the number {} written by hand"),
    "fashion": ("a grey photo of a {}", "a piece of clothing called {}"),
    "animals": ("the silhouette of a {}", "the black shape of a {}"),
    "photos": ("a small colour photo of a {}", "a blurry picture of a {}"),
    "emoji": ("an emoji about {}", "a sticker for {}"),
    "clipart": ("a drawing of {}", "clip art of {}"),
    "optdigits": ("a coarse scan of the digit {}", "the blurred number {}"),
    "glyphs": ("a letter of the {} script", "one printed {} character"),
}
"""Prompt templates by task, from which the captions of pre-training and the heads are made."""


def to_input(images: Tensor) -> Tensor:
    """Map uint8 images (n, 3, 32, 32) to floats in [-1, 1]."""
    return images.float().div(127.5).sub(1.0)


def build_clip(vocabulary: int) -> CLIP:
    """Make the architecture, with weights drawn from torch's default generator."""
    from open_clip.model import CLIP

    return CLIP(embed_dim=EMBEDDING, vision_cfg=dict(VISION), text_cfg={**TEXT, "vocab_size": vocabulary})


def tokenize(tokenizer: Tokenizer, texts: Sequence[str]) -> Tensor:
    """Return the token ids (n, 16) of n texts, zero-padded.

    Raises:
        DataError: a word is not in the vocabulary.
    """
    unknown = tokenizer.token_to_id("<unknown>")
    ids = torch.zeros(len(texts), TEXT["context_length"], dtype=torch.long)
    for row, encoding in enumerate(tokenizer.encode_batch(list(texts))):
        if unknown in encoding.ids:
            raise DataError(f"the caption {texts[row]!r} has a word outside the tokenizer's vocabulary")
        ids[row, : len(encoding.ids)] = torch.tensor(encoding.ids)
    return ids


def load_clip(device: torch.device) -> tuple[CLIP, Tokenizer]:
    """Load the shipped pre-trained CLIP and its tokenizer.

    Raises:
        DataError: a file is missing or damaged.
    """
    try:
        tokenizer = Tokenizer.from_file(str(TOKENIZER))
        with torch.random.fork_rng():  # initial weights are drawn from the default generator, then overwritten
            model = build_clip(tokenizer.get_vocab_size())
        model.load_state_dict(load_file(WEIGHTS))
    except Exception as error:
        raise DataError(
            f"the shipped weights in {ASSETS} cannot be read ({error}); reinstall frontrunner or run "
            "`python -m frontrunner.tasks.vision_mini.pretrain`"
        ) from error
    return model.to(device).eval(), tokenizer


@torch.no_grad()
def zero_shot_head(model: CLIP, tokenizer: Tokenizer, task: str, classes: Sequence[str]) -> ZeroShotHead:
    """Make the frozen head of a task with the text tower, see `zero_shot_weight`."""

    def encode(prompts: Sequence[str]) -> Tensor:
        tokens = tokenize(tokenizer, prompts)
        features: Tensor = model.encode_text(tokens.to(model.logit_scale.device), normalize=True)
        return features

    # Class by class, as the shipped weights and experts were made: another batch may give other last bits.
    weight = zero_shot_weight(encode, classes, TEMPLATES[task], prompts_at_once=1)
    return ZeroShotHead(weight * model.logit_scale.exp())
