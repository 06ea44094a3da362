"""Folders from which plain open_clip loads a model, with the head beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ...weight_files.separate import separate
from ...weight_files.written_tensors import write_tensors
from ..backbone import Head
from .open_clip_architecture import CONFIG, OpenClipArchitecture

WEIGHTS = "open_clip_model.safetensors"
"""The file of weights that open_clip looks for first in a folder."""
HEAD = "head.safetensors"
"""The file of a head; its metadata hold the names of the classes by logit, a JSON list under `classes`."""


def write_open_clip(
    architecture: OpenClipArchitecture, preprocess: Mapping[str, Any], whole: Mapping[str, Tensor], folder: Path
) -> None:
    """Write a folder for `open_clip.create_model_and_transforms("local-dir:FOLDER")`, which keeps the activation.

    Args:
        architecture: the CLIP.
        preprocess: how images become inputs, open_clip's configuration.
        whole: weights of the full model.
        folder: made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = {"model_cfg": dict(architecture.config), "preprocess_cfg": dict(preprocess)}
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    write_tensors(separate(whole), folder / WEIGHTS)


def write_head(head: Head, folder: Path) -> None:
    """Write a head's weights, and its classes where they are known, to `head.safetensors`."""
    metadata = {} if head.classes is None else {"classes": json.dumps(list(head.classes))}
    write_tensors(separate(head.module.state_dict()), folder / HEAD, metadata)
