"""Problems, which suites prepare and learners are given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from ..errors import ConfigError, UnsupportedError
from ..one_line import shown
from .handed_over import as_hypervolume_limit, as_reference_point, as_true_front
from .lent_weights import lend_weights
from .objectives import Objectives
from .one_a_task import one_a_task
from .own_weights import require_passed_weights
from .real_numbers import as_count, as_positive
from .recomputation import call_within, with_weights
from .weight_checks import check_weights

Params: TypeAlias = Mapping[str, Tensor]
"""One model's weights and buffers by name, as in `state_dict`."""

Batch: TypeAlias = Any
"""T mini-batches, one a task; only the problem that made them looks inside."""


@dataclass(frozen=True)
class Budget:
    """The training that a suite recommends; learners take it where their own option is left unset.

    Steps and batch size may be 0, which recommends no training: of a problem that is never fitted, say.

    Raises:
        ConfigError: steps or batch size are no whole numbers, 0 or more, or the learning rate is not positive.
    """

    steps: int
    """Optimizer steps of one fit."""
    batch_size: int
    """Examples per task and step."""
    lr: float = 1e-5
    """Adam's initial learning rate for training all of a model's weights (1e-5 is the paper's for CLIP)."""

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size"):
            object.__setattr__(self, name, as_count(f"{name} of a Budget", getattr(self, name)))
        object.__setattr__(self, "lr", as_positive("lr of a Budget", self.lr))


class Problem(ABC):
    """Poses T objectives, all minimised, over the weights of one architecture; a suite prepares it.

    Args:
        name: the suite's name.
        tasks: T names; their order is the order of objectives everywhere.
        model: the architecture. Its own weights are never read: weights are passed in as `Params`; they may be on the
            device meta, and are given up for those of `pretrained`, so that nothing is held twice. It may checkpoint
            activations, by `torch.utils.checkpoint`. It always runs in evaluation mode, in every training too: dropout
            is off and batch normalisation reads its buffers, so that what is trained is what is evaluated.
        pretrained: the model that every expert was fine-tuned from.
        experts: T models; `experts[t]` was fine-tuned on `tasks[t]`.
        budget: the training that is recommended to learners.
        reference_point: (T,) for the hypervolume, or one number for all tasks; 1 when absent (error rates).
        pareto_front: (n, T) a dense sample of the true front, where it is known in closed form.
        hypervolume_limit: the hypervolume of the whole true front at `reference_point`, where it is known.

    Raises:
        ConfigError: tasks, experts, numbers and architecture do not fit together, or a model cannot be merged; see
            `check_weights`. Nothing that is wrong with them is found only after a fit.
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
        reference_point: ArrayLike | Tensor | None = None,
        pareto_front: ArrayLike | Tensor | None = None,
        hypervolume_limit: float | None = None,
    ) -> None:
        self.name = name
        self.tasks = _checked_tasks(tasks)
        experts = one_a_task("experts", experts, self.tasks)
        _require_kind("model", model, nn.Module, "give the module itself")
        _require_kind("budget", budget, Budget, "write Budget(steps=..., batch_size=...)")
        self.budget = budget
        self.reference_point = as_reference_point(reference_point, self.n_tasks)
        self.pareto_front = as_true_front(pareto_front, self.n_tasks)
        self.hypervolume_limit = as_hypervolume_limit(hypervolume_limit)
        self.model = model.eval().requires_grad_(False)
        self._modules = tuple(self.model.modules())
        checked = check_weights(model, self.tasks, pretrained, experts)
        lend_weights(model, checked.pretrained)
        self.pretrained = checked.pretrained
        self.experts = checked.experts
        self.merged = checked.merged
        """Names of the weights and buffers that are merged or trained; all others are the same in every model."""
        self.never_negative = checked.never_negative
        """Names of the buffers that hold variances, which no merge may make negative."""
        self.forward_passes = 0
        """How often the architecture has run so far, on however many examples; what was run to check it is left out."""
        self._backward_checked = False

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

    def forward(self, params: Params, *inputs: Any) -> Any:
        """Run the architecture on `inputs` with `params` in place of its own weights, in the backward pass too.

        Raises:
            UnsupportedError: the backward pass would use other weights; found out at the first that needs gradients.
        """
        if not self._backward_checked and torch.is_grad_enabled() and any(p.requires_grad for p in params.values()):
            require_passed_weights(self.model, params, inputs, self.call_model)
            self._backward_checked = True
        self.forward_passes += 1
        return call_within(with_weights(self.model, params), self.call_model, *inputs)

    def call_model(self, *inputs: Any) -> Any:
        """Call the architecture with the weights that are in it, in evaluation mode."""
        if any(module.training for module in self._modules):  # somebody switched, between this pass and the last
            self.model.eval()
        return self.run_model(*inputs)

    def run_model(self, *inputs: Any) -> Any:
        """Call the architecture on `inputs` and return its outputs; a subclass may know another way than the plain."""
        return self.model(*inputs)

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


def _require_kind(what: str, value: object, kind: type, advice: str) -> None:
    """Refuse an argument of another type."""
    if not isinstance(value, kind):
        found = f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
        raise ConfigError(f"{what} of a problem must be a {kind.__name__}, found {found}; {advice}")


def _checked_tasks(tasks: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the tasks if they are distinct."""
    listed: object = tasks
    if not isinstance(listed, Sequence):
        raise ConfigError(f"tasks must be a list of names, found {shown(tasks)}")
    names = [] if isinstance(listed, str) else [task for task in listed if isinstance(task, str) and task.strip()]
    if len(names) != len(listed):
        raise ConfigError(f"tasks must be a list of names, found {tasks!r}")
    if len(set(names)) != len(names) or not names:
        raise ConfigError(f"a problem needs one or more distinct tasks, found {names}")
    return tuple(names)
