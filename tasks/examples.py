"""Labelled examples, and problems whose objectives are means over them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from ..errors import ConfigError, UnknownNameError
from ..one_line import shown
from .device_copies import sent
from .example_checks import check_examples
from .one_a_task import one_a_task
from .problem import Batch, Problem
from .real_numbers import holds_masked
from .stored_inputs import Inputs, moved, rows_at, rows_between

Augment: TypeAlias = Callable[[Any, torch.Generator], Inputs]
"""Changes inputs at random, in ways that leave their labels right."""


@dataclass(frozen=True)
class Examples:
    """Inputs and labels of one split of one task.

    Arrays and lists become tensors. Arrays that are mapped from a file stay in it, read-only ones too, and tensors may
    be on the CPU where weights are on another device: batches are copied there.

    Raises:
        ConfigError: inputs or labels are nothing that torch makes a tensor of, or have masked entries.
    """

    inputs: Inputs
    """The inputs, (n, ...): a tensor, or a mapping from names to tensors."""
    labels: Tensor
    """Their labels, (n,)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", _as_inputs(self.inputs))
        object.__setattr__(self, "labels", _as_tensor("labels", self.labels))

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: Tensor) -> Examples:
        """Return copies of the examples at the positions `index`."""
        return Examples(rows_at(self.inputs, index), self.labels[sent(index, self.labels.device)])

    def between(self, start: int, stop: int) -> Examples:
        """Return copies of the examples from `start` to before `stop`."""
        return Examples(rows_between(self.inputs, start, stop), self.labels[start:stop])

    def stream(self, batch_size: int, generator: torch.Generator) -> Iterator[Examples]:
        """Yield mini-batches forever; every example comes once before any comes again."""
        order = torch.empty(0, dtype=torch.long)
        while True:
            while len(order) < batch_size:
                order = torch.cat([order, torch.randperm(len(self), generator=generator)])
            yield self.take(order[:batch_size])
            order = order[batch_size:]


def _as_inputs(values: object) -> Inputs:
    """Return what was handed over as a tensor or a dictionary of tensors, for the examples."""
    if not isinstance(values, Mapping):
        return _as_tensor("inputs", values)
    if not values or not all(isinstance(name, str) for name in values):
        raise ConfigError(
            f"the inputs of Examples that are a mapping must map names to tensors, found {shown(dict(values))}"
        )
    return {name: _as_tensor(f"inputs {name!r}", tensor) for name, tensor in values.items()}


def _as_tensor(what: str, values: object) -> Tensor:
    """Return what was handed over as a tensor with a first dimension, for the examples."""
    if holds_masked(values):
        raise ConfigError(f"the {what} of Examples may hold no masked entries; leave those examples out")
    try:
        with warnings.catch_warnings():
            # Examples are never written to, only copies of them.
            warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
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
        augment: function from a mini-batch of stored inputs of split `train` and a generator to changed ones of the
            same shapes, which mean the same; every mini-batch to train on goes through it, for experts and learners.
        others: see `Problem`.

    Raises:
        ConfigError: the data are in other containers; a split is empty or missing for a task, has another name than
            learners ask for, or holds NaN or infinity.
    """

    def __init__(
        self, *, data: Sequence[Mapping[str, Examples]], augment: Augment | None = None, **others: Any
    ) -> None:
        super().__init__(**others)
        self.augment = augment
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
        """Yield tuples of T mini-batches forever, each reshuffled every epoch, on the device of the weights."""
        streams = [self.examples(t, split).stream(batch_size, generator) for t in range(self.n_tasks)]
        if self.augment is not None and split == "train":
            streams = [_augmented(stream, self.augment, generator) for stream in streams]
        return (tuple(map(self.as_batch, parts)) for parts in zip(*streams, strict=True))

    def as_batch(self, examples: Examples) -> Examples:
        """Return some of the stored examples as a mini-batch, on the device of the weights."""
        device = self.device
        return Examples(moved(examples.inputs, device), moved(examples.labels, device))


def _augmented(stream: Iterator[Examples], augment: Augment, generator: torch.Generator) -> Iterator[Examples]:
    """Yield mini-batches with their inputs changed."""
    return (Examples(augment(part.inputs, generator), part.labels) for part in stream)


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
