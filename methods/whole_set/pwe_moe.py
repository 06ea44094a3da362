"""`pwe-moe-ls`, `pwe-moe-epo`, `pwe-moe-stch`: Pareto weight-ensembling mixture of experts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import torch

from ...errors import ConfigError
from ...tasks.problem import Budget, Problem
from ..checks import require_min_preference, require_positive
from ..ranges import Choice, Range
from ..scalarization import Scalarization, SmoothTchebycheff
from ..scalarization.epo import Epo
from .conditioned_learner import ConditionedLearner, ConditionedTraining
from .routed_set import RoutedSet
from .router import RouterBank
from .upscaling import RULES, UpscaledModel, weights_of_modules


class PweMoeSet(RoutedSet):
    """Routed by the paper's routers."""

    network: RouterBank

    def diagnostics(self) -> Mapping[str, float]:
        """`routers`: how many; `dead_units_share`: hidden units that no preference reaches."""
        dead = self.network.dead_share()
        return {
            **super().diagnostics(),
            "routers": float(len(self.model.banks)),
            **({} if dead is None else {"dead_units_share": dead}),
        }


class PweMoeLs(ConditionedLearner):
    """PWE MoE (arXiv 2406.09770) with linear scalarization: routers map a preference to per-module merge coefficients.

    Every step draws one preference from a Dirichlet distribution, merges one model for it and minimises
    sum_i r_i loss_i over the routers' parameters; everything else is frozen.
    """

    name: ClassVar[str] = "pwe-moe-ls"
    version: ClassVar[str] = "2"

    @dataclass(frozen=True)
    class Config(ConditionedTraining):
        """Defaults are the paper's; steps and batch size are the suite's unless set."""

        upscale: str = "mlp"
        """Which modules get routers: mlp, attn+mlp, all, model, or patterns over module names."""
        router_depth: Annotated[int, Choice((1, 2))] = 2
        """Linear layers of a router: 1 or 2."""
        hidden_size: Annotated[int | None, Range(2, 256, log=True)] = None
        """Units between the two layers; twice the number of tasks when unset."""
        init_lambda: Annotated[float, Range(0.0, 1.0)] = 0.3
        """Initial value of every coefficient, and the coefficient of all that has no router."""
        init_std: Annotated[float, Range(1e-3, 1.0, log=True)] = 0.01
        """Standard deviation of the routers' initial weights; 0 starts exactly at task arithmetic."""
        lr: Annotated[float | None, Range(1e-4, 1e-1, log=True)] = 1e-2
        """Adam's initial learning rate."""

        def __post_init__(self) -> None:
            super().__post_init__()
            require_positive(self, "hidden_size")
            if self.router_depth not in (1, 2):
                raise ConfigError(f"router_depth must be 1 or 2, found {self.router_depth}")
            if not self.upscale.strip():
                raise ConfigError(f"upscale must be {RULES}")
            if self.init_std < 0:
                raise ConfigError(f"init_std must be 0 or more, found {self.init_std}")

    config: Config

    def resolved_for(self, budget: Budget, n_tasks: int) -> Any:
        """Further, twice as many hidden units as tasks where unset."""
        config = super().resolved_for(budget, n_tasks)
        return config if config.hidden_size is not None else dataclasses.replace(config, hidden_size=2 * n_tasks)

    def untrained(self, problem: Problem, generator: torch.Generator) -> PweMoeSet:
        """Routers that answer every preference with coefficients near `init_lambda`."""
        config = self.resolved(problem)
        model = UpscaledModel(problem, weights_of_modules(problem, config.upscale), config.init_lambda)
        routers = RouterBank(
            len(model.banks),
            problem.n_tasks,
            depth=config.router_depth,
            hidden_size=config.hidden_size,
            init_lambda=config.init_lambda,
            init_std=config.init_std,
            generator=generator,
        )
        return PweMoeSet(problem, model, routers.to(model.banks[0].base))


class PweMoeEpo(PweMoeLs):
    """PWE MoE (arXiv 2406.09770) with EPO search: answers balance the weighted losses r_t loss_t."""

    name: ClassVar[str] = "pwe-moe-epo"
    version: ClassVar[str] = "1"

    @dataclass(frozen=True)
    class Config(PweMoeLs.Config):
        """As for pwe-moe-ls."""

        min_preference: Annotated[float, Range(1e-3, 0.2, log=True)] = 0.01
        """Smaller weights of a preference are raised to it, since no finite loss balances a weight of 0."""

        def __post_init__(self) -> None:
            super().__post_init__()
            require_min_preference(self.min_preference)

    config: Config

    def scalarization_for(self, problem: Problem) -> Scalarization:
        """EPO."""
        return Epo(self.config.min_preference)


class PweMoeStch(PweMoeLs):
    """PWE MoE's routers trained by smooth Tchebycheff scalarization (arXiv 2402.19078)."""

    name: ClassVar[str] = "pwe-moe-stch"
    version: ClassVar[str] = "1"

    @dataclass(frozen=True)
    class Config(PweMoeLs.Config):
        """As for pwe-moe-ls."""

        mu: Annotated[float, Range(1e-3, 1.0, log=True)] = 0.01
        """Smoothing, in units of the loss."""

        def __post_init__(self) -> None:
            super().__post_init__()
            require_positive(self, "mu")

    config: Config

    def scalarization_for(self, problem: Problem) -> Scalarization:
        """STCH."""
        return SmoothTchebycheff(self.config.mu)
