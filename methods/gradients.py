"""Gradients of what is trained: left in leaves, joined to one tensor, and split again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ..errors import ConfigError


def backward(loss: Tensor) -> None:
    """Leave the gradients of a scalar loss in its leaves.

    Raises:
        ConfigError: it has none, since nothing that is trained changes it.
    """
    if not loss.requires_grad:
        raise ConfigError("nothing that is trained here changes a loss; is `upscale` a module that never runs?")
    loss.backward()  # type: ignore[no-untyped-call] # torch has no types here


def flat_gradient(parameters: Sequence[Tensor], gradients: Sequence[Tensor | None]) -> Tensor:
    """Join gradients to one tensor (P,), with zeros for parameters that were not reached."""
    return torch.cat(
        [
            (torch.zeros_like(parameter) if gradient is None else gradient).flatten()
            for parameter, gradient in zip(parameters, gradients, strict=True)
        ]
    )


def set_gradients(parameters: Sequence[Tensor], flat: Tensor) -> None:
    """Set the gradients of parameters from one flat gradient (P,)."""
    for parameter, piece in _pieces(parameters, flat):
        parameter.grad = piece


def add_gradients(parameters: Sequence[Tensor], flat: Tensor) -> None:
    """Add a flat gradient (P,) to the gradients of parameters."""
    for parameter, piece in _pieces(parameters, flat):
        parameter.grad = piece if parameter.grad is None else parameter.grad + piece


def _pieces(parameters: Sequence[Tensor], flat: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield every parameter with its part of a flat tensor (P,), in the parameter's shape."""
    for parameter, piece in zip(parameters, torch.split(flat, [p.numel() for p in parameters]), strict=True):
        yield parameter, piece.view_as(parameter)
