"""Weights as a file or folder holds them, under the file's own names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class StoredWeights:
    """What was read of one model; nothing of it is interpreted yet."""

    tensors: Mapping[str, Tensor]
    """Weights by the file's names, on the CPU. Mapped from the file where that can be: they must not be written to."""
    source: str
    """What messages call it: the path or id that the user gave."""
    config: Mapping[str, Any]
    """The JSON configuration beside the weights (config.json, open_clip_config.json); empty where there is none."""
    digest: str
    """SHA-256 of the content of all files that were read, in hexadecimal."""
