"""Labelled examples, and problems whose objectives are means over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..errors import ConfigError, UnknownNameError
from ..one_line import shown
from .example_checks import check_examples
from .one_a_task import one_a_task
from .problem import Batch, Problem
from .real_numbers import holds_masked


@dataclass(frozen=True)
class Examples:
    """Inputs and labels of one split of one task, on the device.

    Arrays and lists become tensors.

    Raises:
        ConfigError: inputs or labels are nothing that torch makes a tensor of, or have masked entries.
    """

    inputs: Tensor
    """The inputs, (n, ...)."""
    labels: Tensor
    """Their labels, (n,)."""

    def __post_init__(self) -> None:
        for name in ("inputs", "labels"):
            object.__setattr__(self, name, _as_tensor(name, getattr(self, name)))

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: Tensor) -> Examples:
        """Return the examples at the positions `index`."""
        index = index.to(self.labels.device)
        return Examples(self.inputs[index], self.labels[index])

    def stream(self, batch_size: int, generator: torch.Generator) -> Iterator[Examples]:
        """Yield mini-batches forever; every example comes once before any comes again."""
        order = torch.empty(0, dtype=torch.long)
        while True:
            while len(order) < batch_size:
                order = torch.cat([order, torch.randperm(len(self), generator=generator)])
            yield self.take(order[:batch_size])
            order = order[batch_size:]


def _as_tensor(what: str, values: object) -> Tensor:
    """Return what was handed over as a tensor with a first dimension, for the examples."""
    if holds_masked(values):
        raise ConfigError(f"the {what} of Examples may hold no masked entries; leave those examples out")
    try:
        found = values if isinstance(values, Tensor) else torch.as_tensor(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ConfigError(
            f"the {what} of Examples must be a tensor, found {type(values).__name__} ({error})"
        ) from error
    if found.ndim == 0:
        raise ConfigError(f"the {what} of Examples must have examples along the first dimension, found one number")
    return found


class ExampleProblem(Problem):
    """Holds labelled examples for every task and split; subclasses say how objectives are computed from them.

    Args:
        data: for every task, split name -> examples.
        others: see `Problem`.

    Raises:
        ConfigError: the data are in other containers; a split is empty or missing for a task, has another name than
            learners ask for, or holds NaN or infinity.
    """

    def __init__(self, *, data: Sequence[Mapping[str, Examples]], **others: Any) -> None:
        super().__init__(**others)
        self.data = one_a_task("data", data, self.tasks)
        for task, splits in zip(self.tasks, self.data, strict=True):
            _require_examples(task, splits)
        check_examples(self.tasks, self.data)

    def examples(self, t: int, split: str) -> Examples:
        """Return all examples of one task and split.

        Raises:
            UnknownNameError: the task has no such split.
        """
        if split not in self.data[t]:
            raise UnknownNameError("split", split, self.data[t])
        return self.data[t][split]

    def n_examples(self, split: str) -> tuple[int, ...]:
        """Return how many examples a split holds for each task, (T,)."""
        return tuple(len(self.examples(t, split)) for t in range(self.n_tasks))

    def batches(self, split: str, batch_size: int, generator: torch.Generator) -> Iterator[Batch]:
        """Yield tuples of T mini-batches forever, each reshuffled every epoch."""
        return zip(*(self.examples(t, split).stream(batch_size, generator) for t in range(self.n_tasks)), strict=True)


def _require_examples(task: str, splits: object) -> None:
    """Refuse data of a task that are no mapping from the names of splits to `Examples`."""
    if not isinstance(splits, Mapping):
        raise ConfigError(
            f"the data of task {task!r} must map names of splits to Examples, found {type(splits).__name__}; "
            f"write {{'train': Examples(inputs, labels), 'val': ..., 'test': ...}}"
        )
    for split, examples in splits.items():
        if not isinstance(split, str):
            raise ConfigError(
                f"the splits of task {task!r} must be named by texts, found {shown(split)}; "
                f"learners use 'train', 'val' and 'test'"
            )
        if not isinstance(examples, Examples):
            raise ConfigError(
                f"the split {split!r} of task {task!r} must be Examples, found {type(examples).__name__}; "
                f"write Examples(inputs, labels)"
            )
