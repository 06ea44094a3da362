"""Heads that were never trained, for suites with random weights."""

from __future__ import annotations

import torch
from torch import nn

SPREAD = 0.02
"""Standard deviation of weights, as most transformers have it."""


def filled(head: nn.Module, generator: torch.Generator) -> nn.Module:
    """Return a head with random values in the place of its own: matrices N(0, 0.02^2), biases 0, scales of norms 1."""
    for module in head.modules():
        for name, like in module._parameters.items():
            if like is not None:
                value = torch.zeros(like.shape) if name == "bias" else torch.ones(like.shape)
                if like.ndim > 1:
                    value.normal_(0, SPREAD, generator=generator)
                module._parameters[name] = nn.Parameter(value, requires_grad=False)
    return head.eval()


def linear(width: int, n_classes: int, generator: torch.Generator) -> nn.Module:
    """Return a linear head from features (n, width) to logits (n, n_classes)."""
    return filled(nn.Linear(width, n_classes, device="meta"), generator)
