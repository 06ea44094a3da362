"""`regmean`: linear layers merged by least squares, so that outputs stay close to those of every expert's layer."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from ...tasks.problem import Batch, Params, Problem
from ..flat_weights import FlatWeights, merged_names
from ..layers import layers_of
from ..learner import Context, Learner
from ..needs import Needs
from ..pareto_set import ContinuousSet, ParetoSet
from ..ranges import Range
from .gram_matrices import GramMatrices, no_linear_layers, stored_alike
from .train_examples import examples_per_task

RIDGE = 1e-6
"""What is added to the diagonal, in units of its mean: inputs that never vary leave least squares undetermined."""


def solve_least_squares(grams: Tensor, weights: Tensor, preference: Tensor) -> Tensor:
    """Return the W (out, in) that minimises sum_i r_i |X_i W^T - X_i W_i^T|^2.

    The solution is W^T = (sum r_i G_i)^-1 sum r_i G_i W_i^T,
    arXiv 2212.09849, equation 2, with the preference's weights; in double precision. Each G_i gets a ridge of its
    own, so that directions without inputs go to the weighted mean of the W_i, and a corner gives its W_i to the bit.

    Args:
        grams: (T, in, in) G_i = X_i^T X_i, up to one scale for all.
        weights: (T, out, in) the experts' weights W_i.
        preference: (T,) r.
    """
    diagonals = grams.diagonal(dim1=1, dim2=2).double()
    # Keeps the matrix invertible where all inputs are 0.
    ridges = (RIDGE * diagonals.mean(dim=1)).clamp(min=torch.finfo(torch.float32).tiny)
    mean = torch.einsum("t,toi->oi", preference, weights.double())
    left = torch.zeros_like(grams[0], dtype=torch.float64)
    right = torch.zeros_like(mean.T)
    for weight, gram, own, ridge in zip(preference, grams, weights, ridges, strict=True):
        scaled = weight * (gram.double() + ridge * torch.eye(len(gram), dtype=torch.float64, device=gram.device))
        left += scaled
        right += scaled @ (own.double() - mean).T  # the deviation from the mean, exactly 0 at a corner
    correction: Tensor = torch.linalg.solve(left, right)
    return (mean + correction.T).to(weights.dtype)


@dataclass(frozen=True)
class SolvedLayer:
    """The weights of one linear layer in every expert, and what is known of their inputs."""

    grams: Tensor
    """Gram matrices of the inputs, (T, in, in)."""
    weights: tuple[Tensor, ...]
    """The experts' own weights W_i, (out, in) each."""
    transposed: bool
    """Whether the model stores them as (in, out)."""

    def merge(self, preference: Tensor) -> Tensor:
        """Return the merged weights for a preference (T,), as the model stores them."""
        solution = solve_least_squares(self.grams, torch.stack(self.weights), preference)
        return solution.T.contiguous() if self.transposed else solution


def weighted_mean(weights: FlatWeights, experts: Sequence[Params], preference: Tensor) -> Tensor:
    """Return the mean (P,) of some of the experts' weights, by the preference (T,)."""
    mean = torch.zeros(weights.size, dtype=weights.dtype, device=preference.device)
    for share, expert in zip(preference.to(weights.dtype), experts, strict=True):
        mean += share * weights.join(expert)
    return mean


class RegMean(Learner):
    """Merges linear layers by preference-weighted least squares on unlabelled inputs (Jin et al., arXiv 2212.09849).

    Layers are what multiplies its input by the one matrix that it holds, stored either way round (`nn.Linear`, GPT-2's
    `Conv1D`), and the input projection of `nn.MultiheadAttention` in self-attention. All else (biases, norms,
    embeddings, convolutions, recurrent layers, parametrized weights, the output projection of `nn.MultiheadAttention`,
    whose inputs no module sees, and layers that some expert does not run) is averaged with the preference's weights; a
    corner of the simplex gives its expert.
    """

    name: ClassVar[str] = "regmean"
    version: ClassVar[str] = "2"

    @dataclass(frozen=True)
    class Config:
        """Options of which inputs are gathered and how; defaults are those used for CLIP models."""

        n_examples: Annotated[PositiveInt, Range(16, 1024, log=True, costs=True)] = 256
        """Train examples of each task whose inputs are looked at, or all where a task has fewer."""
        batch_size: PositiveInt = 32
        """The most examples of a forward pass; all passes take equally many."""
        reduce_off_diagonal: Annotated[float, Field(ge=0, le=1), Range(0.0, 1.0)] = 0.95
        """Factor of the off-diagonal entries of Gram matrices (0.6 for GPT-2; 1 is plain least squares)."""

    config: Config

    def fit(
        self,
        problem: Problem,
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ParetoSet:
        """Gather the experts' inputs on the train split.

        Raises:
            UnsupportedError: the architecture has no linear layers.
            DivergenceError: a layer's inputs are NaN or infinite.
        """
        gathered = self._gather(problem, context)
        layers = {
            name: self.solved_layer(problem, name, transposed, gathered)
            for name, transposed in stored_alike(gathered).items()
        }
        unsolved = merged_names(problem, (name for name in problem.pretrained if name not in layers))
        averaged = FlatWeights(problem, unsolved) if unsolved else None

        def merge(preference: NDArray[np.float64]) -> Params:
            r = torch.as_tensor(preference, device=problem.device)
            average = {} if averaged is None else averaged.named(weighted_mean(averaged, problem.experts, r))
            solved = {name: layer.merge(r) for name, layer in layers.items()}
            return {**problem.pretrained, **average, **solved}

        kept = sum(layer.grams.numel() for layer in layers.values())
        return ContinuousSet(
            problem.n_tasks,
            merge,
            total_parameters=problem.n_tasks * problem.model_parameters + kept,
            diagnostics={
                "regmean_solved_layers": float(len(layers)),
                "regmean_averaged_layers": float(len(layers_of(problem.merged) - layers_of(layers))),
            },
        )

    def check_model(self, model: nn.Module, n_tasks: int) -> None:
        """Refuse an architecture none of whose modules can be a linear layer; which of them are is found in the fit.

        Raises:
            UnsupportedError: it has none.
        """
        GramMatrices(model)

    def needs(self, problem: Problem, preferences: NDArray[np.float64]) -> Needs:
        """Count the inputs of the train split that are looked at; no labels are."""
        n_batches, batch_size = self._batches(problem)
        seen = problem.n_tasks * n_batches * batch_size
        distinct = min(seen, sum(problem.n_examples("train")))
        return Needs(unlabelled_examples=distinct, gradient_examples=0, forward_examples=seen)

    def _gather(self, problem: Problem, context: Context) -> list[GramMatrices]:
        """Run every expert on train examples of its own task and return the Gram matrices of their layers' inputs.

        Raises:
            UnsupportedError: no layer is linear in every expert; known after the first batch.
        """
        gathered = [GramMatrices(problem.model) for _ in problem.experts]
        for batch in self.examples(problem, context):
            for t, (expert, grams) in enumerate(zip(problem.experts, gathered, strict=True)):
                with torch.no_grad(), grams.watching():
                    problem.task_loss(t, expert, batch)  # for the inputs of its layers; the loss is not used
            if not stored_alike(gathered):
                raise no_linear_layers(problem.model)
        return gathered

    def examples(self, problem: Problem, context: Context) -> Iterator[Batch]:
        """Yield the batches of the train split whose inputs are looked at."""
        n_batches, batch_size = self._batches(problem)
        return itertools.islice(problem.batches("train", batch_size, context.generator("examples")), n_batches)

    def solved_layer(
        self, problem: Problem, name: str, transposed: bool, gathered: Sequence[GramMatrices]
    ) -> SolvedLayer:
        """Return what is solved for a linear layer: the experts' weights and the Gram matrices of their inputs."""
        reduce = self.config.reduce_off_diagonal
        return SolvedLayer(
            torch.stack([grams.mean(name, reduce_off_diagonal=reduce) for grams in gathered]),
            tuple(expert[name].T if transposed else expert[name] for expert in problem.experts),
            transposed,
        )

    def _batches(self, problem: Problem) -> tuple[int, int]:
        """Return the number of batches and the examples in each: `batch_size` or a little less, to leave few over."""
        n_examples = examples_per_task(problem, self.config.n_examples)
        n_batches = math.ceil(n_examples / self.config.batch_size)
        return n_batches, n_examples // n_batches
