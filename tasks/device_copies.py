"""Copies from the processor's memory to a device, for which the processor does not wait."""

from __future__ import annotations

import torch
from numpy.typing import ArrayLike
from torch import Tensor

WITHOUT_WAITING = ("cuda", "meta")
"""Devices to which a copy runs while the processor goes on; to meta nothing is copied."""


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """Return a tensor on a device, the same where it is there.

    Torch's own copy waits until the device has done all that it was given before. Only from locked memory does a copy
    run beside what the device computes, so the tensor goes there first.
    """
    if tensor.device.type != "cpu" or device.type not in WITHOUT_WAITING:
        return tensor.to(device)
    return (tensor.pin_memory() if device.type == "cuda" else tensor).to(device, non_blocking=True)


def sent_like(values: ArrayLike, like: Tensor) -> Tensor:
    """Return numbers that the processor has, as a tensor of another's type on its device."""
    return sent(torch.as_tensor(values, dtype=like.dtype), like.device)
