"""Routers, small networks that map a preference to merge coefficients, one for every up-scaled module."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from ...errors import ConfigError


class RouterBank(nn.Module):
    """Runs independent routers of equal shape as one batched product (arXiv 2406.09770, section 4.2).

    Depth 2 is `W2 relu(W1 r + b1) + b2`, depth 1 is `W r + b`; coefficients are unconstrained reals. Weights
    start as N(0, init_std^2), the last bias as `init_lambda`: with `init_std = 0` every coefficient starts at
    `init_lambda`, which is task arithmetic.

    Args:
        n_routers: how many routers there are, one for every up-scaled module.
        n_tasks: T, the length of the preference.
        n_experts: E, the length of every router's output; T when absent.
        depth: 1 or 2 linear layers.
        hidden_size: units between the two layers.
        init_lambda: initial value of every coefficient.
        init_std: standard deviation of the initial weights.
        generator: draws the initial weights.
    """

    def __init__(
        self,
        n_routers: int,
        n_tasks: int,
        *,
        n_experts: int | None = None,
        depth: int,
        hidden_size: int,
        init_lambda: float,
        init_std: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        if depth not in (1, 2):
            raise ConfigError(f"router_depth must be 1 or 2, found {depth}")
        if hidden_size < 1:
            raise ConfigError(f"hidden_size must be at least 1, found {hidden_size}")
        n_out = n_tasks if n_experts is None else n_experts
        sizes = [n_tasks, n_out] if depth == 1 else [n_tasks, hidden_size, n_out]
        self.weights = nn.ParameterList(
            init_std * torch.randn(n_routers, n_to, n_from, generator=generator)
            for n_from, n_to in itertools.pairwise(sizes)
        )
        self.biases = nn.ParameterList(
            torch.full((n_routers, size), init_lambda if last else 0.0)
            for size, last in zip(sizes[1:], [*[False] * (depth - 1), True], strict=True)
        )

    def forward(self, preference: Tensor) -> Tensor:
        """Map a preference (T,) to coefficients (routers, E)."""
        activation = preference.expand(self.biases[0].shape[0], -1)
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            activation = torch.einsum("got,gt->go", weight, activation if layer == 0 else activation.relu()) + bias
        return activation

    @torch.no_grad()
    def dead_share(self) -> float | None:
        """Return the share of hidden units that are zero for every preference; None without a hidden layer.

        A unit's input is linear in the preference, so it is largest at a corner of the simplex.
        """
        if len(self.weights) == 1:
            return None
        at_corners = self.weights[0] + self.biases[0][:, :, None]
        return float((at_corners.amax(dim=2) <= 0).float().mean())
