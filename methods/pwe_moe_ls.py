"""`pwe-moe-ls`: Pareto weight-ensembling mixture of experts, trained by linear scalarization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import ConfigError, DivergenceError
from ..metrics import check_preference
from ..tasks.problem import Params, Problem
from .learner import Context, Learner
from .pareto_set import ParetoSet
from .router import RouterBank
from .upscaling import RULES, UpscaledModel

REPORT_EVERY = 10
"""Steps; reading the loss makes a GPU wait for the CPU."""


class RoutedSet(ParetoSet):
    """An up-scaled model with trained routers; fixing the preference unloads a plain model."""

    def __init__(self, problem: Problem, model: UpscaledModel, routers: RouterBank) -> None:
        self.n_tasks = problem.n_tasks
        self.model = model
        self.routers = routers
        self._problem = problem
        self.trainable_parameters = sum(parameter.numel() for parameter in routers.parameters())
        # One plain model, T task vectors of every up-scaled module, and the routers (the paper's table 8).
        self.total_parameters = (
            problem.model_parameters + self.n_tasks * model.upscaled_parameters + self.trainable_parameters
        )

    @torch.no_grad()
    def solve(self, preference: Sequence[float] | NDArray[np.float64]) -> Params:
        """Answers any preference."""
        return self.route(check_preference(preference, self.n_tasks))

    def route(self, preference: NDArray[np.float64]) -> dict[str, Tensor]:
        """The merged weights, differentiable in the routers' parameters; computed anew at every call."""
        weights = torch.as_tensor(preference, dtype=self.routers.biases[0].dtype, device=self._problem.device)
        return self.model.merge(self.routers(weights))

    def state(self) -> Mapping[str, Tensor]:
        """The routers only."""
        return {name: tensor.detach().clone() for name, tensor in self.routers.state_dict().items()}

    def diagnostics(self) -> Mapping[str, float]:
        """`routers`: how many; `dead_units_share`: hidden units that no preference reaches."""
        dead = self.routers.dead_share()
        return {
            "routers": float(len(self.model.modules)),
            **({} if dead is None else {"dead_units_share": dead}),
        }


class PweMoeLs(Learner):
    """PWE MoE (arXiv 2406.09770) with linear scalarization: routers map a preference to per-module merge coefficients.

    Every step draws one preference from a Dirichlet distribution, merges one model for it and minimises
    sum_i r_i loss_i over the routers' parameters; everything else is frozen.
    """

    name: ClassVar[str] = "pwe-moe-ls"

    @dataclass(frozen=True)
    class Config:
        """Defaults are the paper's; steps and batch size are the suite's unless set."""

        upscale: str = "mlp"
        """Which modules get routers: mlp, attn+mlp, all, model, or patterns over module names."""
        router_depth: int = 2
        """Linear layers of a router: 1 or 2."""
        hidden_size: int | None = None
        """Units between the two layers; twice the number of tasks when unset."""
        init_lambda: float = 0.3
        """Initial value of every coefficient, and the coefficient of all that has no router."""
        init_std: float = 0.01
        """Standard deviation of the routers' initial weights; 0 starts exactly at task arithmetic."""
        lr: float = 1e-2
        """Adam's initial learning rate."""
        final_lr_ratio: float = 0.1
        """The learning rate falls along a cosine to this share of its initial value."""
        steps: int | None = None
        """Optimizer steps (paper: 4000)."""
        batch_size: int | None = None
        """Examples per task and step (paper: 16)."""
        dirichlet_alpha: float = 1.0
        """Concentration of the preferences drawn in training; 1 is uniform on the simplex."""

        def __post_init__(self) -> None:
            for option in ("lr", "dirichlet_alpha", "steps", "batch_size", "hidden_size"):
                value = getattr(self, option)
                if value is not None and value <= 0:
                    raise ConfigError(f"pwe-moe-ls: {option} must be positive, found {value}")
            if self.router_depth not in (1, 2):
                raise ConfigError(f"pwe-moe-ls: router_depth must be 1 or 2, found {self.router_depth}")
            if not self.upscale.strip():
                raise ConfigError(f"pwe-moe-ls: upscale must be {RULES}")
            if self.init_std < 0 or not 0 <= self.final_lr_ratio <= 1:
                raise ConfigError(
                    "pwe-moe-ls: init_std must be 0 or more and final_lr_ratio in [0, 1], "
                    f"found {self.init_std} and {self.final_lr_ratio}"
                )

    def fit(
        self,
        problem: Problem,
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ParetoSet:
        """Train the routers on the train split.

        Raises:
            DivergenceError: the loss became NaN or infinite.
        """
        config = self.resolved(problem)
        routed = self._untrained(problem, context.generator("routers"))
        optimizer = torch.optim.Adam(routed.routers.parameters(), lr=config.lr)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
            optimizer, T_max=config.steps, eta_min=config.lr * config.final_lr_ratio
        )
        rng = context.rng("preferences")
        batches = problem.batches("train", config.batch_size, context.generator("batches"))
        for step in range(1, config.steps + 1):
            preference = rng.dirichlet([config.dirichlet_alpha] * problem.n_tasks)
            losses = problem.losses(routed.route(preference), next(batches))
            loss = torch.as_tensor(preference, dtype=losses.dtype, device=losses.device) @ losses
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            if step % REPORT_EVERY == 0 or step == config.steps:
                value = float(loss.detach())
                if not np.isfinite(value):
                    raise DivergenceError(f"the loss is {value} at step {step}; lower lr (now {config.lr})")
                context.progress("fit", step, config.steps, loss=value)
        return routed

    def restore(
        self,
        problem: Problem,
        state: Mapping[str, Tensor],
        preferences: NDArray[np.float64],
        context: Context,
    ) -> ParetoSet:
        """The set from its saved routers."""
        routed = self._untrained(problem, torch.Generator())
        try:
            routed.routers.load_state_dict(dict(state))
        except RuntimeError as error:
            raise ConfigError(f"the saved routers do not fit this configuration and problem: {error}") from error
        return routed

    def _untrained(self, problem: Problem, generator: torch.Generator) -> RoutedSet:
        config: PweMoeLs.Config = self.config
        model = UpscaledModel(problem, config.upscale, config.init_lambda)
        routers = RouterBank(
            len(model.modules),
            problem.n_tasks,
            depth=config.router_depth,
            hidden_size=2 * problem.n_tasks if config.hidden_size is None else config.hidden_size,
            init_lambda=config.init_lambda,
            init_std=config.init_std,
            generator=generator,
        )
        return RoutedSet(problem, model, routers.to(problem.device))
