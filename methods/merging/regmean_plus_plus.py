"""`regmean++`: RegMean block by block, with inputs that the blocks merged before have made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...tasks.problem import Batch, Params, Problem
from ..flat_weights import FlatWeights
from ..layers import layer_of, layers_of
from ..learner import Context
from ..pareto_set import ContinuousSet, ParetoSet
from .gram_matrices import GramMatrices, no_linear_layers, stored_alike
from .regmean import RegMean, weighted_mean
from .running_order import RunningOrder, blocks_of


@dataclass(frozen=True)
class Block:
    """Linear layers that are merged at once."""

    module: str
    """The module that holds them, "" where the model itself is a linear layer."""
    layers: tuple[str, ...]
    """The names of their weights."""
    before: frozenset[str]
    """The names of all weights of modules that run before the block."""


class RegMeanPlusPlus(RegMean):
    """Merges blocks in turn by RegMean on inputs that the merged model makes (Nguyen et al., arXiv 2508.03121).

    Linear layers are solved for as in `regmean`, W^T = (sum r_i G_i)^-1 sum r_i G_i W_i^T, and all else is averaged.
    But the inputs behind G_i are those of expert i's block behind what is merged already, instead of those of expert i
    alone. A model whose one block nothing runs before is merged as by `regmean`.

    As in the authors' code a block is a layer of a transformer, within which the expert's own weights run: an item of
    a list of modules of one class with two or more linear layers. Linear layers outside of such lists, which the
    authors average or leave as they are, are blocks of their own, in the order in which they run.

    The authors weigh experts equally. Other preferences are Frontrunner's extension, weighted as in `regmean`; a
    corner gives its expert. Each answer runs every expert once for every block on the same inputs, which are kept; no
    Gram matrix is.
    """

    name: ClassVar[str] = "regmean++"
    version: ClassVar[str] = "1"

    def fit(
        self,
        problem: Problem,
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ParetoSet:
        """Draw inputs of the train split and find the blocks; merges are made as they are asked for.

        Raises:
            UnsupportedError: the architecture has no linear layers.
            DivergenceError: a layer's inputs are NaN or infinite.
        """
        batches = list(self.examples(problem, context))
        transposed, blocks = _found(problem, batches[:1])
        averaged = FlatWeights(problem, problem.pretrained)

        def merge(preference: NDArray[np.float64]) -> Params:
            r = torch.as_tensor(preference, device=problem.device)
            merged = {**problem.pretrained, **averaged.named(weighted_mean(averaged, problem.experts, r))}
            for block in blocks:
                merged.update(self._solved(problem, block, transposed, merged, r, batches))
            return merged

        return ContinuousSet(
            problem.n_tasks,
            merge,
            total_parameters=problem.n_tasks * problem.model_parameters,
            diagnostics={
                "regmean_solved_layers": float(len(transposed)),
                "regmean_averaged_layers": float(len(layers_of(problem.merged) - layers_of(transposed))),
                "regmean_blocks": float(len(blocks)),
            },
        )

    def _solved(
        self,
        problem: Problem,
        block: Block,
        transposed: Mapping[str, bool],
        merged: Params,
        preference: Tensor,
        batches: Sequence[Batch],
    ) -> dict[str, Tensor]:
        """Return the merged weights of a block's layers; a layer that some expert does not run now stays averaged."""
        earlier = {name: merged[name] for name in block.before}
        gathered = []
        for t, expert in enumerate(problem.experts):
            grams = GramMatrices(problem.model, only=block.layers)
            for batch in batches:
                with torch.no_grad(), grams.watching():
                    problem.task_loss(t, {**expert, **earlier}, batch)  # for its layers' inputs; the loss is not used
            gathered.append(grams)
        return {
            name: self.solved_layer(problem, name, transposed[name], gathered).merge(preference)
            for name in block.layers
            if all(name in grams.names for grams in gathered)
        }


def _found(problem: Problem, batches: Sequence[Batch]) -> tuple[dict[str, bool], list[Block]]:
    """Return the linear layers of every expert, with whether they are stored transposed, and their blocks in order.

    Raises:
        UnsupportedError: there are none.
    """
    gathered = [GramMatrices(problem.model) for _ in problem.experts]
    order = RunningOrder(problem.model)
    for t, (expert, grams) in enumerate(zip(problem.experts, gathered, strict=True)):
        for batch in batches:
            with torch.no_grad(), order.watching(), grams.watching():
                problem.task_loss(t, expert, batch)
    transposed = stored_alike(gathered)
    if not transposed:
        raise no_linear_layers(problem.model)
    blocks = []
    for module, layers in blocks_of(problem.model, list(transposed), order):
        starts = min(order.of(layer_of(name)) for name in layers)
        before = {
            name
            for name in problem.merged
            if order.of(layer_of(name)) < starts and not (module and name.startswith(f"{module}."))
        }
        blocks.append(Block(module, tuple(layers), frozenset(before)))
    return transposed, blocks
