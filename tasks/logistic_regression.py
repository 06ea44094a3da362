"""Logistic regression on features, by which linear probes are fitted."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

PENALTY = 1e-2
"""Weight of half the squared norm of the matrix."""
ITERATIONS = 100
"""Steps of L-BFGS, at most."""


def logistic_regression(features: Tensor, labels: Tensor, n_classes: int) -> dict[str, Tensor]:
    """Return `weight` (classes, d) and `bias` (classes,) that minimise cross-entropy plus the penalty, in double.

    Args:
        features: (n, d).
        labels: (n,).
        n_classes: how many classes there are.
    """
    inputs = features.double()
    weight = inputs.new_zeros(n_classes, inputs.shape[1]).requires_grad_()
    bias = inputs.new_zeros(n_classes).requires_grad_()
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(F.linear(inputs, weight, bias), labels) + PENALTY / 2 * weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call] # torch has no types here
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call] # torch has no types here
    return {"weight": weight.detach().float(), "bias": bias.detach().float()}
