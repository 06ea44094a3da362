"""Reading the shipped images, which are one lossless WebP mosaic a domain, described by `manifest.json`."""

from __future__ import annotations

import functools
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..examples import Examples
from ..shipped_data.manifest import read_manifest, read_shipped
from .clip import ASSETS


@dataclass(frozen=True)
class Domain:
    """One image domain as it is shipped."""

    classes: tuple[str, ...]
    """The names of its classes, by label."""
    splits: Mapping[str, Examples]
    """Split name -> examples, uint8 images (n, 3, 32, 32)."""


@functools.cache
def manifest() -> Mapping[str, Any]:
    """Read the description of every domain.

    Raises:
        DataError: it is missing or damaged.
    """
    return read_manifest(ASSETS, "domains")


def load_domain(name: str, device: torch.device) -> Domain:
    """Decode all splits of one domain onto the device.

    Raises:
        DataError: the image file is missing, truncated or is not the one the manifest describes.
    """
    from PIL import Image

    entry = manifest()[name]
    content = read_shipped(ASSETS, entry, f"images of {name!r}")
    with Image.open(io.BytesIO(content)) as picture:
        mosaic = np.asarray(picture.convert("RGB"))
    rows, columns = mosaic.shape[0] // 32, mosaic.shape[1] // 32
    tiles = mosaic.reshape(rows, 32, columns, 32, 3).transpose(0, 2, 4, 1, 3).reshape(-1, 3, 32, 32)
    images = torch.from_numpy(np.ascontiguousarray(tiles[: entry["count"]])).to(device)
    labels = torch.tensor(entry["labels"]).to(device)
    splits = {
        split: Examples(images[start:stop], labels[start:stop]) for split, (start, stop) in entry["splits"].items()
    }
    return Domain(tuple(entry["classes"]), splits)
