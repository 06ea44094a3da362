"""Gradients of merged weights that meet the task vectors during the backward pass, module by module, and are freed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.utils.hooks import RemovableHandle

from ...tasks.precision import master_type
from ..merge_bank import MergeBank
from .upscaling import UpscaledModel


class MergedLeaves:
    """Merges a model whose weights are leaves, n of them on one storage, so that backward keeps n gradients apart.

    The gradients of a piece of a bank meet its task vectors as soon as all n have arrived, and are freed.

    Args:
        model: what is merged.
        pieces: what it merged for some coefficients (groups, E).
        copies: n, how many models there are in the same memory.
    """

    def __init__(self, model: UpscaledModel, pieces: Sequence[Sequence[Tensor]], copies: int) -> None:
        self._model = model
        leaves = [[[piece.detach().requires_grad_() for piece in bank] for bank in pieces] for _ in range(copies)]
        self._contractions = [
            [_Contraction([own[b][p] for own in leaves], bank, p) for p in range(len(pieces[b]))]
            for b, bank in enumerate(model.banks)
        ]
        self.models = [model.assembled(own) for own in leaves]
        """The n models, by name."""

    def derivatives(self) -> Tensor:
        """Return the derivatives of the n models' losses in the coefficients, (n, groups, E), after their backward."""
        of_groups: list[Tensor | None] = [None] * len(self._model.parts)
        for row, contractions in zip(self._model.rows, self._contractions, strict=True):
            for contraction in contractions:
                found, before = contraction.finish(), of_groups[row]
                of_groups[row] = found if before is None else before + found
        return torch.stack([found for found in of_groups if found is not None], dim=1)


class _Contraction:
    """Contracts n gradients of one piece with its task vectors, during backward, as soon as all have arrived.

    Args:
        leaves: n tensors, the merged piece.
        bank: holds its task vectors.
        piece: its position in the bank.
    """

    def __init__(self, leaves: Sequence[Tensor], bank: MergeBank, piece: int) -> None:
        self._leaves = leaves
        self._bank = bank
        self._piece = piece
        self._waiting = len(leaves)
        self._found: Tensor | None = None
        self._hooks: list[RemovableHandle] = [
            leaf.register_post_accumulate_grad_hook(self._arrived)  # type: ignore[no-untyped-call] # torch has no types here
            for leaf in leaves
        ]

    def finish(self) -> Tensor:
        """Return the derivatives (n, E) of model t's loss in the coefficient of expert i; 0 where t does not use it."""
        for hook in self._hooks:
            hook.remove()  # a leaf that its own hook holds is never freed
        if self._waiting:
            self._contract()
        return self._zeros() if self._found is None else self._found

    def _arrived(self, _: Tensor) -> None:
        self._waiting -= 1
        if self._waiting == 0:
            self._contract()

    def _contract(self) -> None:
        arrived = [t for t, leaf in enumerate(self._leaves) if leaf.grad is not None]
        if arrived:
            gradients = [leaf.grad for leaf in self._leaves if leaf.grad is not None]
            found = self._bank.contract_piece(self._piece, gradients)
            if len(arrived) < len(self._leaves):
                of_arrived, found = found, self._zeros()
                for row, of_model in zip(arrived, of_arrived, strict=True):
                    found[row] = of_model  # by a list of rows a GPU would wait for their numbers
            self._found = found
        for leaf in self._leaves:
            leaf.grad = None

    def _zeros(self) -> Tensor:
        return self._leaves[0].new_zeros(len(self._leaves), self._bank.n_experts, dtype=master_type([self._bank.dtype]))


def followed_to_coefficients(losses: Tensor, merged: MergedLeaves, coefficients: Tensor) -> Tensor:
    """Return losses of merged leaves, one model, as losses that are differentiable in the coefficients instead.

    Autograd alone would keep the gradients of all merged weights until it has gone through the whole model. The losses
    can be followed backward once.
    """
    return losses if not losses.requires_grad else _Followed.apply(coefficients, _Graph(losses, merged))


class _Graph:
    """The losses of merged leaves, with the graph that leads to these."""

    def __init__(self, losses: Tensor, merged: MergedLeaves) -> None:
        self.losses = losses
        self.merged = merged


class _Followed(torch.autograd.Function):
    """Passes losses on; its backward pass is that of the graph behind them, and of its coefficients."""

    @staticmethod
    def forward(ctx: Any, coefficients: Tensor, graph: _Graph) -> Tensor:
        ctx.graph = graph
        ctx.coefficients_type = coefficients.dtype
        return graph.losses.detach().clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        graph, ctx.graph = ctx.graph, None  # whoever keeps the losses must not keep the merged model
        if graph is None:
            raise RuntimeError("losses of a routed model are followed backward once; compute them again")
        torch.autograd.backward(graph.losses, gradients[0])
        return graph.merged.derivatives()[0].to(ctx.coefficients_type), None
