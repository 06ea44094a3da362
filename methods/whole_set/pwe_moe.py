"""`pwe-moe-ls`, `pwe-moe-epo`, `pwe-moe-stch`: Pareto weight-ensembling mixture of experts (PWE MoE)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt
from torch import nn

from ...errors import ConfigError
from ...tasks.problem import Budget, Problem
from ..added_later import AddedLater
from ..bank_options import BankOptions
from ..layers import layers_of
from ..needs import Needs
from ..ranges import Choice, Range
from ..scalarization import LinearScalarization, SmoothTchebycheff
from ..scalarization.epo import EpoScalarization
from ..scalarized_learner import composed
from ..written_option import as_written
from .conditioned_learner import ConditionedLearner, ConditionedTraining
from .routed_set import RoutedSet
from .router import RouterBank
from .upscale_rules import check_rule, resolve_rule, select_modules, weights_of_modules
from .upscaling import UpscaledModel


class PweMoeSet(RoutedSet):
    """Answers with modules merged by the coefficients of the paper's routers."""

    network: RouterBank

    def diagnostics(self) -> Mapping[str, float]:
        """Return how many `routers` and layers with and without one there are, and the share of units that are dead.

        A layer is a module that holds merged weights; one router serves all layers of its part of the model. A unit is
        dead if no preference reaches it.
        """
        dead = self.network.dead_share()
        upscaled = layers_of(name for bank in self.model.banks for name in bank.names)
        every = layers_of(self.problem.merged)
        return {
            **super().diagnostics(),
            "routers": float(len(self.model.parts)),
            "upscaled_layers": float(len(upscaled)),
            "fixed_layers": float(len(every - upscaled)),
            **({} if dead is None else {"dead_units_share": dead}),
        }


class PweMoe(ConditionedLearner):
    """Trains routers from the preference to merge coefficients of every up-scaled module (PWE MoE, arXiv 2406.09770).

    Every step draws one preference from a Dirichlet distribution, merges one model for it and follows the
    scalarization of its losses, in the routers' parameters; everything else is frozen. With `preferences_per_step`
    it follows the mean of several, as the paper does on several GPUs.
    """

    @dataclass(frozen=True)
    class Config(BankOptions, ConditionedTraining):
        """Options of the routers; defaults are the paper's, steps and batch size the suite's unless set."""

        upscale: str = "mlp"
        """Which modules get routers: mlp, attn+mlp, all, model, auto (mlp where there are such blocks, else all), or
        patterns over module names."""
        router_depth: Annotated[int, Field(ge=1, le=2), Choice((1, 2))] = 2
        """Linear layers of a router, 1 or 2."""
        hidden_size: Annotated[PositiveInt | None, Range(2, 256, log=True)] = None
        """Units between the two layers; if unset, twice the number of tasks."""
        init_lambda: Annotated[float, Range(0.0, 1.0)] = 0.3
        """Initial value of every coefficient, and the coefficient of all weights that have no router."""
        init_std: Annotated[float, Field(ge=0), Range(1e-3, 1.0, log=True)] = 0.01
        """Standard deviation of the routers' initial weights; with 0 the set starts exactly at task arithmetic."""
        lr: Annotated[PositiveFloat | None, Range(1e-4, 1e-1, log=True)] = 1e-2
        """Adam's initial learning rate."""
        experts: Annotated[PositiveInt | None, AddedLater()] = None
        """How many experts are merged, those of the first tasks; all if unset. Fewer make routers smaller, and every
        task is trained for all the same."""
        preferences_per_step: Annotated[PositiveInt, AddedLater()] = 1
        """Preferences drawn a step, each with mini-batches of its own; their gradients are averaged (paper: one a GPU,
        up to 4)."""

        def __post_init__(self) -> None:
            check_rule(self.upscale)

    config: Config
    divides_work = True

    def experts_used(self, n_tasks: int) -> int:
        """Return how many experts are merged."""
        return n_tasks if self.config.experts is None else self.config.experts

    def samples_per_step(self, n_tasks: int) -> int:
        """Return how many preferences a step has."""
        return self.config.preferences_per_step

    def needs(self, problem: Problem, preferences: NDArray[np.float64]) -> Needs:
        """Count what the base class does; every preference of a step has examples of its own."""
        recipe = self.resolved(problem)
        batch_size = recipe.batch_size * recipe.preferences_per_step
        seen = dataclasses.replace(recipe, batch_size=batch_size).labels_seen(problem)
        return dataclasses.replace(super().needs(problem, preferences), labelled_examples=seen)

    def resolved_for(self, budget: Budget, n_tasks: int) -> Any:
        """Return the configuration with the number of hidden units filled in, too."""
        config = super().resolved_for(budget, n_tasks)
        return config if config.hidden_size is not None else dataclasses.replace(config, hidden_size=2 * n_tasks)

    def resolved(self, problem: Problem) -> Any:
        """Return the configuration that a fit of this problem uses, with what `upscale = 'auto'` stands for on it."""
        config = super().resolved(problem)
        return dataclasses.replace(config, upscale=resolve_rule(problem.model, config.upscale))

    def check_model(self, model: nn.Module, n_tasks: int) -> None:
        """Refuse an architecture of which `upscale` selects nothing, and more experts than there are.

        Raises:
            ConfigError: it does, or one of its patterns; the message shows names that would. Or as many are not there.
        """
        select_modules(model, self.config.upscale, told=as_written(self.config, "upscale"))
        if self.config.experts is not None and self.config.experts > n_tasks:
            raise ConfigError(
                f"experts may be {n_tasks} at most, as many as there are tasks, each with one expert; "
                f"found {self.config.experts}"
            )

    def untrained(self, problem: Problem, generator: torch.Generator) -> PweMoeSet:
        """Make the set with new routers, whose coefficients are near `init_lambda` for every preference."""
        config = self.resolved(problem)
        groups = weights_of_modules(problem, config.upscale)
        model = UpscaledModel(problem, groups, config.init_lambda, config, config.experts)
        routers = RouterBank(
            len(model.parts),
            problem.n_tasks,
            n_experts=model.n_experts,
            depth=config.router_depth,
            hidden_size=config.hidden_size,
            init_lambda=config.init_lambda,
            init_std=config.init_std,
            generator=generator,
        )
        return PweMoeSet(problem, model, model.place(routers))


PweMoeLs = composed(
    PweMoe,
    LinearScalarization,
    name="pwe-moe-ls",
    version="2",
    summary="PWE MoE (arXiv 2406.09770) with linear scalarization: answers minimise sum_t r_t loss_t.",
)
PweMoeEpo = composed(
    PweMoe,
    EpoScalarization,
    name="pwe-moe-epo",
    version="2",
    summary="PWE MoE (arXiv 2406.09770) with EPO search: answers balance the weighted losses r_t loss_t.",
)
PweMoeStch = composed(
    PweMoe,
    SmoothTchebycheff,
    name="pwe-moe-stch",
    summary="PWE MoE's routers trained by smooth Tchebycheff scalarization (arXiv 2402.19078).",
)
