"""How images become inputs of open_clip's models."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ....errors import ConfigError, DataError
from ....one_line import shown
from ...datasets.image_format import ImageFormat
from ...weight_files.stored_weights import StoredWeights

CHOICES = {"interpolation": ("bicubic", "bilinear"), "resize_mode": ("shortest", "longest", "squash"), "mode": ("RGB",)}
"""What open_clip's evaluation transforms know."""


def preprocess_of(image_size: Any, stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return open_clip's full configuration of a model's images, as JSON values.

    Args:
        image_size: that of the image tower, which decides whatever is stated.
        stated: what a configuration states; what is absent or null is open_clip's default.

    Raises:
        ConfigError: a value is none that open_clip knows.
    """
    from open_clip.transform import PreprocessCfg, merge_preprocess_dict

    merged: dict[str, Any] = merge_preprocess_dict(dataclasses.asdict(PreprocessCfg()), dict(stated))
    size = image_size if isinstance(image_size, tuple | list) else (image_size, image_size)
    merged["size"] = [int(side) for side in size]
    for key, choices in CHOICES.items():
        if merged[key] not in choices:
            raise ConfigError(
                f"{key} in a model's preprocess_cfg must be one of {', '.join(choices)}, found {shown(merged[key])}"
            )
    for key in ("mean", "std"):
        values = merged[key]
        numbers = isinstance(values, list | tuple) and all(isinstance(value, int | float) for value in values)
        if not numbers or len(values) != 3 or (key == "std" and min(values) <= 0):
            raise ConfigError(f"{key} in a model's preprocess_cfg must be three numbers, found {shown(values)}")
        merged[key] = [float(value) for value in values]
    return merged


def require_same_images(stored: StoredWeights, preprocess: Mapping[str, Any]) -> None:
    """Refuse weights whose configuration states that images become inputs in another way: all tasks share one.

    Raises:
        DataError: it does.
    """
    stated = stored.config.get("preprocess_cfg")
    if not stated:
        return
    for key, found in preprocess_of(preprocess["size"], stated).items():
        if found != preprocess[key]:
            raise DataError(
                f"{stored.source} was made for images of {key} {found}, the pre-trained model for {preprocess[key]}: "
                "all models that are merged see the same images; give weights that were fine-tuned from it"
            )


def image_format(preprocess: Mapping[str, Any]) -> ImageFormat:
    """Return the format that open_clip's evaluation transform of a full configuration makes."""
    return ImageFormat(
        size=tuple(preprocess["size"]),
        mean=tuple(preprocess["mean"]),
        std=tuple(preprocess["std"]),
        resize=preprocess["resize_mode"],
        interpolation=preprocess["interpolation"],
        fill=preprocess["fill_color"],
    )
