"""`fisher-merging`: experts weighted, parameter by parameter, by the preference and their Fisher information."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor

from ...errors import DivergenceError
from ...tasks.device_copies import sent_like
from ...tasks.problem import Batch, Params, Problem
from ..flat_weights import FlatWeights
from ..layers import layers_of
from ..learner import Context, Learner
from ..needs import Needs
from ..pareto_set import ContinuousSet, ParetoSet
from ..ranges import Choice, Range
from ..training import REPORT_EVERY
from .class_predictions import require_class_predictions
from .train_examples import examples_per_task

GRADIENT_NUMBERS = 2**27
"""The most numbers of gradients that are computed at once (half a gigabyte in single precision)."""


def add_squared_gradients(
    problem: Problem, t: int, weights: FlatWeights, params: Params, example: Batch, into: Tensor
) -> bool:
    """Add one example's diagonal of the Fisher matrix to `into` (P,), under the model's own predictions for task `t`.

    Returns whether one backward pass carried many classes; where the model has an operation that cannot be batched so,
    each class took a pass of its own, for the same result.

    E_{y ~ p(y|x)} (d log p(y|x) / d theta)^2, the sum over classes taken exactly (arXiv 2111.09832, equation 2); no
    label is looked at.

    Args:
        problem: a problem that predicts classes.
        t: the task.
        weights: the order of `into`; buffers have no gradient and add 0.
        params: the model.
        example: mini-batches of 1 example each; gradients of several would be squared together.
        into: (P,) changed in place.

    Raises:
        UnsupportedError: the problem predicts no classes.
    """
    leaf = weights.join(params).requires_grad_()
    log_p = problem.log_probabilities(t, {**params, **weights.named(leaf)}, example)[0]
    # Scaled by sqrt(p), gradients square to the terms of the expectation.
    directions = log_p.detach().div(2).exp().diag()
    # One backward pass carries many classes, as many as memory allows.
    batched = True
    for part in torch.split(directions, max(1, GRADIENT_NUMBERS // len(leaf))):
        try:
            (gradients,) = torch.autograd.grad(log_p, leaf, part, is_grads_batched=True, retain_graph=True)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError:  # an autograd function of the model's own without a rule for batches
            batched = False
            gradients = torch.cat([torch.autograd.grad(log_p, leaf, row, retain_graph=True)[0][None] for row in part])
        into += gradients.square_().sum(dim=0)
    return batched


class FisherMerging(Learner):
    """Averages experts with weights r_i F_i, F_i being diagonal Fisher matrices (Matena & Raffel, arXiv 2111.09832).

    A merge is sum_i r_i F_i theta_i / sum_i r_i F_i. F_i is the mean over unlabelled train examples of task i of the
    exact expectation over the classes that expert i predicts, which takes one backward pass a class and example.
    Departures from the authors' code: the floor is that of every expert, not of a first one that is to gain, and comes
    after the norm.
    Parameters that no Fisher sees, buffers among them, are averaged with the preference's weights; a corner of the
    simplex gives its expert to the bit.
    """

    name: ClassVar[str] = "fisher-merging"

    @dataclass(frozen=True)
    class Config:
        """Options of how the Fisher matrices are estimated: example by example, as gradients are squared one by one."""

        n_examples: Annotated[PositiveInt, Range(16, 1024, log=True, costs=True)] = 256
        """Train examples of each task whose inputs are looked at, or all where a task has fewer."""
        normalize: Annotated[bool, Choice((True, False))] = True
        """Whether each Fisher is divided by its L2 norm, so that a less certain expert does not outweigh others."""
        floor: PositiveFloat = 1e-6
        """Least Fisher of a parameter, after normalizing; what is at the least for every expert is averaged."""

    config: Config

    def fit(
        self,
        problem: Problem,
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ParetoSet:
        """Estimate the experts' Fisher matrices on the train split.

        Raises:
            UnsupportedError: the problem predicts no classes.
            DivergenceError: an expert predicts NaN or infinity.
        """
        weights = FlatWeights(problem, problem.pretrained)
        fisher, unbatched = self._fisher(problem, weights, context)
        if not fisher.isfinite().all():
            raise DivergenceError("expected finite Fisher matrices, found NaN or infinity; an expert has diverged")
        if self.config.normalize:
            fisher /= fisher.norm(dim=1, keepdim=True).clamp(min=torch.finfo(fisher.dtype).tiny)
        floored = int(torch.count_nonzero(fisher < self.config.floor)) / fisher.numel()
        seen = _layers_above(self.config.floor, fisher, weights)
        fisher.clamp_(min=self.config.floor)

        def merge(preference: NDArray[np.float64]) -> Params:
            r = sent_like(preference, fisher)
            return {**problem.pretrained, **weights.restored({name: merged(name, r) for name in weights.names})}

        def merged(name: str, r: Tensor) -> Tensor:
            """Return one weight's merge; weight by weight, since models are large."""
            own_fisher = fisher[:, weights.columns[name]]
            total, found = (torch.zeros_like(own_fisher[0]) for _ in range(2))
            for share, own in zip(r, own_fisher, strict=True):
                total += share * own
            for share, own, expert in zip(r, own_fisher, problem.experts, strict=True):
                # Dividing first makes a share exactly 1 where it is the only one.
                found += (share * own).div_(total).mul_(expert[name].detach().flatten().to(fisher.dtype))
            return found

        return ContinuousSet(
            problem.n_tasks,
            merge,
            total_parameters=2 * problem.n_tasks * problem.model_parameters,  # experts and their Fisher matrices
            diagnostics={
                "floored_fisher_share": floored,
                "fisher_weighted_layers": float(len(seen)),
                "fisher_averaged_layers": float(len(layers_of(weights.names) - seen)),
                "fisher_unbatched_examples": float(unbatched),
            },
        )

    def check(self, problem: Problem) -> None:
        """Refuse a problem that predicts no classes.

        Raises:
            UnsupportedError: it has no `log_probabilities`.
        """
        super().check(problem)
        require_class_predictions(problem, self.name)

    def needs(self, problem: Problem, preferences: NDArray[np.float64]) -> Needs:
        """Count the inputs of the train split that are looked at; no labels are.

        An example counts once among the gradients, though it takes a backward pass for every class.
        """
        wanted = problem.n_tasks * examples_per_task(problem, self.config.n_examples)
        distinct = min(wanted, sum(problem.n_examples("train")))
        return Needs(unlabelled_examples=distinct, gradient_examples=wanted, forward_examples=0)

    def _fisher(self, problem: Problem, weights: FlatWeights, context: Context) -> tuple[Tensor, int]:
        """Return the experts' Fisher matrices (T, P), means over `n_examples` train examples of every task.

        Beside them, how many examples took a backward pass for every class.
        """
        n_examples = examples_per_task(problem, self.config.n_examples)
        fisher = torch.zeros(problem.n_tasks, weights.size, dtype=weights.dtype, device=problem.device)
        stream = problem.batches("train", 1, context.generator("examples"))
        done = unbatched = 0
        saved = context.checkpoints.load("fisher", problem.device)
        if saved is not None:
            done, unbatched = saved["step"], saved.get("unbatched", 0)
            fisher.copy_(saved["fisher"])
            next(itertools.islice(stream, done - 1, None))  # skips the examples that were used
        for number in range(done + 1, n_examples + 1):
            example = next(stream)
            for t, expert in enumerate(problem.experts):
                unbatched += not add_squared_gradients(problem, t, weights, expert, example, fisher[t])
            if number % REPORT_EVERY == 0 or number == n_examples:
                if context.checkpoints.due:
                    context.checkpoints.save("fisher", {"step": number, "fisher": fisher, "unbatched": unbatched})
                context.progress("fit", number, n_examples, unit="examples a task")
        return fisher.div_(n_examples), unbatched


def _layers_above(floor: float, fisher: Tensor, weights: FlatWeights) -> frozenset[str]:
    """Return the layers where a Fisher matrix (T, P) of some expert is above the floor; all others are averaged."""
    above = weights.named((fisher > floor).any(dim=0))
    return layers_of(name for name, entries in above.items() if entries.any())
