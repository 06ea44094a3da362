"""Looking at a model without using up anyone's random numbers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def untouched_randomness(device: torch.device) -> Iterator[None]:
    """Put torch's global generators, those of the CPU and of `device`, back to where they were afterwards."""
    with torch.random.fork_rng(devices=[device.index] if device.type == "cuda" else []):
        yield
