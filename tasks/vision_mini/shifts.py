"""Data augmentation by random shifts, by which few images to train on do for more."""

from __future__ import annotations

import torch
from torch import Tensor

from ..device_copies import sent

MAX_SHIFT = 2
"""By how many pixels an image is shifted at most, in each direction."""


def shifted(images: Tensor, generator: torch.Generator) -> Tensor:
    """Move each image (n, channels, height, width) by up to `MAX_SHIFT` pixels; what comes in repeats the border.

    Args:
        images: left as they are.
        generator: draws how far, on the CPU.
    """
    n, _, height, width = images.shape
    drawn = torch.randint(-MAX_SHIFT, MAX_SHIFT + 1, (2, n, 1, 1), generator=generator)
    down, right = sent(drawn, images.device)
    rows = (torch.arange(height, device=images.device)[None, :, None] - down).clamp(0, height - 1)
    columns = (torch.arange(width, device=images.device)[None, None, :] - right).clamp(0, width - 1)
    image = torch.arange(n, device=images.device)[:, None, None]
    return images[image, :, rows, columns].movedim(-1, 1).contiguous()
