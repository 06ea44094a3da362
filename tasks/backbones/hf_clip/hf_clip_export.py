"""Folders from which transformers loads a CLIP."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ...precision import type_name
from ...weight_files.separate import separate
from ...weight_files.written_tensors import write_tensors

WEIGHTS = "model.safetensors"
BESIDE = ("preprocessor_config.json", "tokenizer*", "vocab.json", "merges.txt", "special_tokens_map.json")
"""Files of a model's folder that say how inputs are made."""


def write_hf_clip(config: Any, whole: Mapping[str, Tensor], original: Path | None, folder: Path) -> None:
    """Write a folder for `CLIPModel.from_pretrained`, and for the classes of its image tower.

    Args:
        config: the CLIPConfig.
        whole: weights of the CLIPModel.
        original: the folder whose tokenizer and preprocessing are copied, if there is one.
        folder: made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = copy.deepcopy(config)
    written.architectures = ["CLIPModel"]
    written.dtype = next(type_name(tensor) for tensor in whole.values())
    written.save_pretrained(folder)
    write_tensors(separate(whole), folder / WEIGHTS, {"format": "pt"})
    if original is not None and original.resolve() != folder.resolve():
        for file in sorted(file for pattern in BESIDE for file in original.glob(pattern)):
            shutil.copyfile(file, folder / file.name)
