"""Reading the shipped images, which are one lossless WebP mosaic a domain, described by `manifest.json`."""

from __future__ import annotations

import functools
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ...errors import DataError
from ..examples import Examples
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
    try:
        domains: Mapping[str, Any] = json.loads((ASSETS / "manifest.json").read_text(encoding="utf-8"))["domains"]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{ASSETS / 'manifest.json'} cannot be read ({error}); reinstall frontrunner") from error
    return domains


def load_domain(name: str, device: torch.device) -> Domain:
    """Decode all splits of one domain onto the device.

    Raises:
        DataError: the image file is missing, truncated or is not the one the manifest describes.
    """
    from PIL import Image

    entry = manifest()[name]
    file = ASSETS / entry["file"]
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DataError(f"the images of {name!r} cannot be read ({error}); reinstall frontrunner") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != entry["sha256"]:
        raise DataError(
            f"{file} is damaged: expected SHA-256 {entry['sha256'][:12]}..., found {digest[:12]}...; "
            "reinstall frontrunner"
        )
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
