"""The small CLIP of `vision-mini` as open_clip loads it from a folder."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer

from ..library_model import LibraryModel
from ..weight_files.read_weights import read_weights
from .clip import EMBEDDING, TEXT, TOKENIZER, VISION, WEIGHTS

PREPROCESS = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "shortest"}
"""How open_clip makes inputs of images; for those of 32 pixels a side it is `to_input`, up to rounding."""


def exported_clip() -> LibraryModel:
    """Return the architecture with the shipped weights, of which the text tower is never merged."""
    from ..backbones.open_clip_models.open_clip_architecture import OpenClipArchitecture
    from ..backbones.open_clip_models.open_clip_backbone import OpenClipBackbone

    words = Tokenizer.from_file(str(TOKENIZER)).get_vocab_size()
    config = {"embed_dim": EMBEDDING, "vision_cfg": dict(VISION), "text_cfg": {**TEXT, "vocab_size": words}}
    architecture = OpenClipArchitecture("the CLIP of vision-mini", config, PREPROCESS)
    return LibraryModel("open_clip", OpenClipBackbone(architecture, PREPROCESS), read_weights(Path(WEIGHTS)))
