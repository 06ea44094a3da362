"""`layerwise-interpolation`, Frontrunner's own: every weight tensor learns its coefficients of interpolation.

It builds on rewarded soups (arXiv 2306.04488: experts weighted by the preference are a strong Pareto set without
training), on AdaMerging (arXiv 2310.02575: layers want coefficients of their own) and on PWE MoE (arXiv 2406.09770:
coefficients as a learned function of the preference). PWE MoE's routers start at task arithmetic for every
preference, have to find the experts first, and lose hidden units on the way. Here the function is linear in what is
learned: a canonical polynomial of a mixture (Scheffé, "Experiments with mixtures", J. R. Stat. Soc. B 20, 1958),
which has no units that could die and is interpolation to begin with. What training has made of it is kept only
where the validation split agrees.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import PositiveFloat
from torch import Tensor, nn

from ...metrics import Front, hypervolume
from ...tasks.problem import Problem
from ..bank_options import BankOptions
from ..learner import Context
from ..needs import Needs
from ..pareto_set import ParetoSet
from ..ranges import Choice, Range
from ..scalarization.hypervolume import HypervolumeMixed
from .conditioned_learner import ConditionedLearner, ConditionedTraining
from .conditioned_set import ConditionedSet
from .routed_set import RoutedSet
from .upscale_rules import weights_of_layers, weights_of_modules, weights_of_tensors
from .upscaling import UpscaledModel

GROUPS: dict[str, Callable[[Problem], dict[str, list[str]]]] = {
    "tensors": weights_of_tensors,
    "layers": weights_of_layers,
    "model": lambda problem: weights_of_modules(problem, "model"),
}


class MixturePolynomials(nn.Module):
    """Maps a preference r to coefficients c of every group of weights by polynomials, which start at c = r.

    They are c_i(r) = sum_t A_it r_t + sum_{s<t} 4 B_ist r_s r_t. The factor 4 makes a pair's largest contribution on
    the simplex 1, as a single task's is.

    Args:
        n_groups: how many groups of weights have coefficients of their own.
        n_tasks: T, the length of r.
        interactions: whether there are terms for pairs of tasks.
    """

    _first: Tensor
    _second: Tensor

    def __init__(self, n_groups: int, n_tasks: int, *, interactions: bool) -> None:
        super().__init__()
        self.tasks = nn.Parameter(torch.eye(n_tasks).repeat(n_groups, 1, 1))
        """The terms A of single tasks, (groups, T, T)."""
        # On the device: a list of numbers would be copied there in every step.
        first, second = torch.triu_indices(n_tasks, n_tasks, offset=1)
        self.register_buffer("_first", first.clone(), persistent=False)
        self.register_buffer("_second", second.clone(), persistent=False)
        self.pairs = nn.Parameter(torch.zeros(n_groups, n_tasks, len(first))) if interactions else None
        """The terms B of pairs of tasks, (groups, T, T (T - 1) / 2)."""

    def forward(self, preference: Tensor) -> Tensor:
        """Map a preference (T,) to coefficients (groups, T)."""
        coefficients = self.tasks @ preference
        if self.pairs is not None:
            coefficients = coefficients + self.pairs @ (4 * preference[self._first] * preference[self._second])
        return coefficients


class LayerwiseInterpolation(ConditionedLearner):
    """Learns interpolation coefficients of every weight tensor, by linear scalarization from interpolation on.

    A weight tensor is theta_0 + sum_i c_i(r) tau_i, with c = r to begin with. On a concave front linear
    scalarization drives answers to its ends, and interpolation is better; so the set goes back to interpolation where
    that has the larger hypervolume on the validation split.
    """

    name: ClassVar[str] = "layerwise-interpolation"
    scalarization = HypervolumeMixed

    @dataclass(frozen=True)
    class Config(HypervolumeMixed.Options, BankOptions, ConditionedTraining):
        """Options of the coefficients and their training; steps and batch size are the suite's unless set."""

        groups: Annotated[Literal["tensors", "layers", "model"], Choice(("tensors", "layers", "model"))] = "tensors"
        """What has coefficients of its own: every weight tensor, every layer, or the model as a whole."""
        interactions: Annotated[bool, Choice((True, False))] = True
        """Whether there are terms for pairs of tasks besides those for single tasks."""
        validate: bool = True
        """Whether the set goes back to interpolation where that is better on the validation split."""
        lr: Annotated[PositiveFloat | None, Range(1e-3, 3e-1, log=True)] = 3e-2
        """Adam's initial learning rate."""

    config: Config

    def fit(self, problem: Problem, preferences: NDArray[np.float64], context: Context) -> ConditionedSet:
        """Train on the train split, then compare with interpolation on the validation split.

        Raises:
            DivergenceError: the loss became NaN or infinite.
        """
        trained = super().fit(problem, preferences, context)
        if self.config.validate:
            interpolation = self.untrained(problem, torch.Generator())
            worse = _hypervolume(problem, trained, preferences) < _hypervolume(problem, interpolation, preferences)
            if worse:
                trained.load(interpolation.state())
            trained.training_diagnostics = {**trained.training_diagnostics, "went_back_to_interpolation": float(worse)}
        return trained

    def needs(self, problem: Problem, preferences: NDArray[np.float64]) -> Needs:
        """Count the labels of the train split, and of the validation split where the set is compared on it."""
        trained = super().needs(problem, preferences)
        if not self.config.validate:
            return trained
        held = sum(problem.n_examples("val"))
        assert trained.labelled_examples is not None  # for the type checker: the base counts them
        return dataclasses.replace(
            trained,
            labelled_examples=trained.labelled_examples + held,
            forward_examples=2 * len(preferences) * held,
        )

    def untrained(self, problem: Problem, generator: torch.Generator) -> ConditionedSet:
        """Make the set before the first step, which is interpolation."""
        # Every weight is in a group, so the coefficient of the rest is not used.
        model = UpscaledModel(problem, GROUPS[self.config.groups](problem), rest_coefficient=0.0, options=self.config)
        polynomials = MixturePolynomials(len(model.parts), problem.n_tasks, interactions=self.config.interactions)
        return RoutedSet(problem, model, model.place(polynomials))


def _hypervolume(problem: Problem, pareto_set: ParetoSet, preferences: NDArray[np.float64]) -> float:
    """Return the hypervolume of the errors on the validation split; -inf where a model has diverged."""
    found = [problem.evaluate(params, "val") for _, _, params in pareto_set.members(preferences)]
    if not all(objectives.finite for objectives in found):
        return -np.inf
    return hypervolume(Front(np.array([objectives.error for objectives in found])), problem.reference_point).value
