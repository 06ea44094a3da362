"""The suite `linear-net`: a deep linear network with real data, and a front that is known exactly."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from ..examples import Examples
from ..fine_tuning import FineTuning, fine_tune
from ..problem import Budget, Params, Problem
from ..progress import Progress
from ..stored_inputs import moved
from ..suite import Suite
from ..threads import cpu_threads
from .dense_simplex import dense_simplex
from .linear_maps import equidistant_maps, exact_data, orthonormal, standardised_directions
from .regression import RegressionProblem
from .simplex_quadratics import distances_to_corners, hypervolume_of_distances

INPUTS, HIDDEN, OUTPUTS = 10, 8, 6
"""With as many hidden units as outputs or more, the product of the two layers is any linear map."""
EXAMPLES = 240
"""Examples of each split."""
NOISE_POWER = 0.1
"""The mean squared norm of the targets' noise; the targets without noise have 1."""
PRETRAINED_NOISE = 0.05
"""Standard deviation of the noise on the pre-trained layers."""
EXPERT = FineTuning(steps=200, batch_size=EXAMPLES, peak_lr=0.02, weight_decay=0.0)
"""The recipe of an expert."""
SPLITS = ("train", "val", "test")


class LinearNet(nn.Module):
    """Maps x to W_2 W_1 x: a feed-forward block without its nonlinearity, named `mlp` as such blocks are."""

    def __init__(self) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(INPUTS, HIDDEN, bias=False), nn.Linear(HIDDEN, OUTPUTS, bias=False))

    def forward(self, inputs: Tensor) -> Tensor:
        """Map inputs (n, 10) to outputs (n, 6)."""
        outputs: Tensor = self.mlp(inputs)
        return outputs


class LinearNetSuite(Suite):
    """Poses regressions y = M_t x + noise to a two-layer linear network; objective t is the unexplained share of y.

    In the product P = W_2 W_1 it is exactly (|P - M_t|^2 + 0.1) / 1.1 on every split, whatever the seed: convex,
    with P = sum_t r_t M_t for linear scalarization. In the weights it is not: the product of averaged layers is no
    average of products, so merging misses the front though the network can reach it.

    The maps M_t have a common part, which the pre-trained network roughly knows, and one of their own, equally
    large; see `equidistant_maps`. So with the weights r the objectives are (|r - e_t|^2 / 2 + 0.1) / 1.1, and their
    hypervolume is known exactly for any choice of tasks. At the reference point, 1, are the prediction of zero and
    every other task's perfect map.
    """

    name: ClassVar[str] = "linear-net"
    version: ClassVar[str] = "1"
    tasks: ClassVar[tuple[str, ...]] = ("m1", "m2", "m3")
    cpu_threads: ClassVar[int | None] = 1
    budget: ClassVar[Budget] = Budget(steps=1000, batch_size=60, lr=0.02)
    expert_examples: ClassVar[int | None] = EXPERT.steps * EXPERT.batch_size

    def prepare(self, tasks: tuple[str, ...], *, device: torch.device, seed: int, progress: Progress) -> Problem:
        """Draw maps, data and the pre-trained network from the seed, and fine-tune the experts."""
        # All tasks are drawn, so that none depends on which others were asked for.
        generator = torch.Generator().manual_seed(seed)
        common, maps = equidistant_maps(len(self.tasks), OUTPUTS, INPUTS, generator)
        directions = standardised_directions(EXAMPLES, INPUTS, generator)
        drawn = [exact_data(target, directions, NOISE_POWER, SPLITS, generator) for target in maps]
        model = LinearNet().to(device)
        pretrained = {name: w.to(device) for name, w in _near_factors(common, generator).items()}
        data = [
            {
                split: Examples(moved(e.inputs, device), e.labels.to(device))
                for split, e in drawn[self.tasks.index(t)].items()
            }
            for t in tasks
        ]
        experts = [
            _expert(task, model, pretrained, splits, seed, progress) for task, splits in zip(tasks, data, strict=True)
        ]
        share = 0.5 / (1 + NOISE_POWER)
        return RegressionProblem(
            name=self.name,
            tasks=tasks,
            model=model,
            pretrained=pretrained,
            experts=experts,
            budget=self.budget,
            data=data,
            power=1 + NOISE_POWER,
            reference_point=np.ones(len(tasks)),
            pareto_front=share * distances_to_corners(dense_simplex(len(tasks))) + NOISE_POWER / (1 + NOISE_POWER),
            # The distances' own reference point, 2, is mapped to 1.
            hypervolume_limit=share ** len(tasks) * hypervolume_of_distances(len(tasks)),
        )


def _near_factors(common: Tensor, generator: torch.Generator) -> Params:
    """Draw two layers whose product is the common map, balanced, with hidden units mixed and noise on each."""
    u, s, vh = torch.linalg.svd(common, full_matrices=False)
    mixing = orthonormal(HIDDEN, OUTPUTS, generator)
    layers = {"mlp.0.weight": mixing @ (s.sqrt()[:, None] * vh), "mlp.1.weight": (u * s.sqrt()) @ mixing.T}
    return {
        name: (w + PRETRAINED_NOISE * torch.randn(w.shape, generator=generator, dtype=w.dtype)).float()
        for name, w in layers.items()
    }


def _expert(
    task: str, model: nn.Module, pretrained: Params, splits: dict[str, Examples], seed: int, progress: Progress
) -> Params:
    """Fine-tune the expert of one task."""
    single = RegressionProblem(
        name=task,
        tasks=[task],
        model=model,
        pretrained=pretrained,
        experts=[pretrained],
        budget=Budget(steps=0, batch_size=0),
        data=[splits],
        power=1 + NOISE_POWER,
    )
    # The bits of an expert must not depend on how many threads its user has.
    with cpu_threads(1):
        return fine_tune(
            pretrained,
            pretrained,
            lambda params, batch: single.task_loss(0, params, batch),
            single.batches("train", EXPERT.batch_size, torch.Generator().manual_seed(seed)),
            EXPERT,
            activity=f"expert {task}",
            progress=progress,
        )
