"""Images as the options of a suite file's model describe them, where no library does."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ...errors import ConfigError
from ...one_line import shown
from ..datasets.image_format import ImageFormat

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
IMAGE_OPTIONS = ("image_size", "mean", "std")
"""The options: a side in pixels, and what is subtracted and divided by, red first, where white is 1."""


def image_format_of(options: Mapping[str, Any], source: str, own: ImageFormat | None = None) -> ImageFormat:
    """Return the format that options describe.

    An `image_size` means that the shortest side is resized to it and the centre cut. Mean and deviation are ImageNet's
    when absent.

    Args:
        options: those of `IMAGE_OPTIONS` that are given, and others.
        source: what messages call the model.
        own: what the model's own files say, of which the options change what they give.

    Raises:
        ConfigError: an option is none of its kind, or nothing says a size.
    """
    given: dict[str, Any] = {}
    for name in ("mean", "std"):
        if name in options:
            values = options[name]
            numbers = isinstance(values, list | tuple) and all(isinstance(value, int | float) for value in values)
            if not numbers or len(values) != 3:
                raise ConfigError(f"{name} of {source} must be three numbers, red first, found {shown(values)}")
            given[name] = tuple(values)
    if own is not None and "image_size" not in options:
        return dataclasses.replace(own, **given)
    size = options.get("image_size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise ConfigError(
            f"{source} must say the side of its images in pixels, found image_size {shown(size)}; "
            "write options: {image_size: 224} for the model in the suite file"
        )
    return ImageFormat(**{"size": size, "mean": IMAGENET_MEAN, "std": IMAGENET_STD, "rgb_first": True, **given})
