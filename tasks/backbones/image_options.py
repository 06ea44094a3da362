"""Images as the options of a suite file's model describe them, where no library does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import ConfigError
from ...one_line import shown
from ..datasets.image_format import ImageFormat

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
IMAGE_OPTIONS = ("image_size", "mean", "std")
"""The options: a side in pixels, and what is subtracted and divided by, red first, where white is 1."""


def image_format_of(options: Mapping[str, Any], source: str) -> ImageFormat | None:
    """Return the format that options describe: the shortest side resized, the centre cut; None without `image_size`.

    Mean and deviation are ImageNet's when absent.

    Raises:
        ConfigError: an option is none of its kind.
    """
    if "image_size" not in options:
        return None
    size = options["image_size"]
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise ConfigError(f"image_size of {source} must be a number of pixels, found {shown(size)}")
    mean, std = options.get("mean", IMAGENET_MEAN), options.get("std", IMAGENET_STD)
    for name, values in (("mean", mean), ("std", std)):
        numbers = isinstance(values, list | tuple) and all(isinstance(value, int | float) for value in values)
        if not numbers or len(values) != 3:
            raise ConfigError(f"{name} of {source} must be three numbers, red first, found {shown(values)}")
    return ImageFormat(size=size, mean=tuple(mean), std=tuple(std), rgb_first=True)
