"""Problems, which suites prepare and learners are given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call

from ..errors import ConfigError, FrontError, UnsupportedError

Params: TypeAlias = Mapping[str, Tensor]
"""One model's weights and buffers by name, as in `state_dict`."""

Batch: TypeAlias = Any
"""T mini-batches, one a task; only the problem that made them looks inside."""


@dataclass(frozen=True)
class Objectives:
    """What one plain model achieves on every task; all values are minimised."""

    error: NDArray[np.float64]
    """Share of wrong answers of each task, in [0, 1], (T,); the objective's value where there are no labels."""
    loss: NDArray[np.float64]
    """Mean loss of each task, in the loss's own unit, (T,)."""

    @property
    def finite(self) -> bool:
        """Whether all errors and losses are finite; the error rate alone is finite even for NaN logits."""
        return bool(np.isfinite(self.error).all() and np.isfinite(self.loss).all())

    def require_finite(self, tasks: Sequence[str]) -> Objectives:
        """Return these objectives if all are finite.

        An argmax over NaN logits yields a finite error rate, so the loss is looked at too.

        Args:
            tasks: T names, for the message.

        Raises:
            FrontError: an error or loss is NaN or infinite; the message names the task.
        """
        for kind, values in (("error", self.error), ("loss", self.loss)):
            for task, value in zip(tasks, values, strict=True):
                if not np.isfinite(value):
                    raise FrontError(
                        f"the {kind} on task {task!r} is {value}, expected a finite number; "
                        "the model has diverged: lower the learning rate or look at its training curve"
                    )
        return self


@dataclass(frozen=True)
class Budget:
    """The training that a suite recommends; learners take it where their own option is left unset."""

    steps: int
    """Optimizer steps of one fit."""
    batch_size: int
    """Examples per task and step."""
    lr: float = 1e-5
    """Adam's initial learning rate for training all of a model's weights (1e-5 is the paper's for CLIP)."""


class Problem(ABC):
    """Poses T objectives, all minimised, over the weights of one architecture; a suite prepares it.

    Args:
        name: the suite's name.
        tasks: T names; their order is the order of objectives everywhere.
        model: the architecture. Its own weights are never read: weights are passed in as `Params`.
        pretrained: the model that every expert was fine-tuned from.
        experts: T models; `experts[t]` was fine-tuned on `tasks[t]`.
        budget: the training that is recommended to learners.
        reference_point: (T,) for the hypervolume; 1 for every task when absent (error rates).
        pareto_front: (n, T) a dense sample of the true front, where it is known in closed form.
        hypervolume_limit: the hypervolume of the whole true front at `reference_point`, where it is known.

    Raises:
        ConfigError: tasks, experts and architecture do not fit together.
    """

    def __init__(
        self,
        *,
        name: str,
        tasks: Sequence[str],
        model: nn.Module,
        pretrained: Params,
        experts: Sequence[Params],
        budget: Budget,
        reference_point: NDArray[np.float64] | None = None,
        pareto_front: NDArray[np.float64] | None = None,
        hypervolume_limit: float | None = None,
    ) -> None:
        self.name = name
        self.tasks = tuple(tasks)
        self.model = model.eval().requires_grad_(False)
        self.pretrained = pretrained
        self.experts = tuple(experts)
        self.budget = budget
        self.reference_point = np.ones(self.n_tasks) if reference_point is None else reference_point
        self.pareto_front = pareto_front
        self.hypervolume_limit = hypervolume_limit
        self._check_weights()

    @property
    def n_tasks(self) -> int:
        """T, the number of tasks, objectives and experts."""
        return len(self.tasks)

    @property
    def model_parameters(self) -> int:
        """How many numbers one plain model holds, buffers included."""
        return sum(tensor.numel() for tensor in self.pretrained.values())

    @property
    def device(self) -> torch.device:
        """The device that holds the weights and data."""
        return next(iter(self.pretrained.values())).device

    def forward(self, params: Params, *inputs: Tensor) -> Any:
        """Run the architecture on `inputs` with `params` in place of its own weights."""
        return functional_call(self.model, dict(params), inputs, tie_weights=False)

    @abstractmethod
    def losses(self, params: Params, batch: Batch) -> Tensor:
        """Return the mean losses (T,) of one model on T mini-batches, differentiable, in one forward pass."""

    @abstractmethod
    def task_loss(self, t: int, params: Params, batch: Batch) -> Tensor:
        """Return entry `t` of `losses`, a scalar, computed alone."""

    def losses_by_model(self, models: Sequence[Params], batch: Batch) -> Tensor:
        """Return the losses (T,) of T models: entry `t` is the mean loss of `models[t]` on task `t`.

        Per-task gradients of one model come out of one backward pass of their sum, when `models` hold separate
        leaves. A problem may know a faster way than one forward pass a task.
        """
        return torch.stack([self.task_loss(t, params, batch) for t, params in enumerate(models)])

    @abstractmethod
    def n_examples(self, split: str) -> tuple[int, ...]:
        """Return how many labelled examples a split holds for each task, (T,); 0 where objectives need no data."""

    def log_probabilities(self, t: int, params: Params, batch: Batch) -> Tensor:
        """Return the log-probabilities (n, classes) that a model predicts for task `t`, without looking at labels.

        They are differentiable in `params`.

        Raises:
            UnsupportedError: the problem predicts no classes.
        """
        raise UnsupportedError(f"{self.name} predicts no classes, which this method needs")

    @abstractmethod
    def batches(self, split: str, batch_size: int, generator: torch.Generator) -> Iterator[Batch]:
        """Yield T mini-batches of `batch_size` examples each forever, reshuffled every epoch by `generator`."""

    @abstractmethod
    def evaluate(self, params: Params, split: str) -> Objectives:
        """Return the error and loss of every task over the whole split, without gradients."""

    def _check_weights(self) -> None:
        if len(set(self.tasks)) != len(self.tasks) or not self.tasks:
            raise ConfigError(f"a problem needs one or more distinct tasks, found {list(self.tasks)}")
        if len(self.experts) != self.n_tasks:
            raise ConfigError(f"expected one expert per task ({self.n_tasks}), found {len(self.experts)}")
        first_name: dict[int, str] = {}
        for name, parameter in self.model.named_parameters(remove_duplicate=False):
            first = first_name.setdefault(id(parameter), name)
            if first != name:
                raise ConfigError(
                    f"the architecture ties {first!r} and {name!r} to one tensor, but models are trained and merged "
                    "name by name and could not be loaded back into it; give each name a parameter of its own"
                )
        expected = {name: tensor.shape for name, tensor in self.model.state_dict().items()}
        for owner, params in (("pretrained", self.pretrained), *zip(self.tasks, self.experts, strict=True)):
            found = {name: tensor.shape for name, tensor in params.items()}
            if found != expected:
                odd = sorted(name for name in expected | found if expected.get(name) != found.get(name))
                raise ConfigError(
                    f"the weights of {owner!r} do not fit the architecture at {', '.join(odd[:3])}"
                    f"{' and more' if len(odd) > 3 else ''}; every expert must share the pre-trained model's shapes"
                )
            devices = {str(tensor.device) for tensor in (*params.values(), *self.pretrained.values())}
            if len(devices) > 1:
                raise ConfigError(
                    f"the weights of {owner!r} lie on {' and '.join(sorted(devices))}; "
                    "put every model on the device that `prepare` was given"
                )
