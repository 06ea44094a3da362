"""Tensors as safetensors writes them."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor


def separate(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return copies on the CPU, each with memory of its own: merged weights are views of one flat tensor.

    They are copies even where none is needed, since the file that is written may be the one that they are mapped from.
    """
    return {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
