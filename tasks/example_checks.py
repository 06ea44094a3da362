"""Checking the examples that a problem is made with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..errors import ConfigError
from .precision import type_name

if TYPE_CHECKING:
    from .examples import Examples


def check_examples(tasks: Sequence[str], data: Sequence[Mapping[str, Examples]]) -> None:
    """Check that every task has the same splits, none of them empty, and numbers that are finite.

    Raises:
        ConfigError: they do not; the message names the task and the split.
    """
    if len(data) != len(tasks):
        raise ConfigError(f"expected data of every task ({len(tasks)}), found {len(data)}")
    for task, splits in zip(tasks, data, strict=True):
        if set(splits) != set(data[0]):
            raise ConfigError(
                f"every task must have the same splits; "
                f"{tasks[0]!r} has {sorted(data[0])}, {task!r} has {sorted(splits)}"
            )
        for split, examples in splits.items():
            where = f"of task {task!r} in split {split!r}"
            inputs, labels = examples.inputs, examples.labels
            if len(labels) == 0:
                raise ConfigError(f"the split {split!r} of task {task!r} is empty; expected one example or more")
            if len(inputs) != len(labels):
                raise ConfigError(
                    f"the examples {where} are {len(inputs)} inputs and {len(labels)} labels, expected one each"
                )
            _require_finite("inputs", where, inputs)
            _require_finite("labels", where, labels)


def class_numbers(labels: Tensor, n_classes: int, where: str) -> Tensor:
    """Return labels as int64; the same tensor where they are.

    Args:
        labels: (n,) class numbers, integers or booleans of any type.
        n_classes: the number of classes that the task's head tells apart.
        where: the task and the split, for the message.

    Raises:
        ConfigError: they are no class numbers from 0 to `n_classes` - 1.
    """
    if labels.ndim != 1 or labels.is_floating_point() or labels.is_complex():
        kind = type_name(labels)
        raise ConfigError(
            f"the labels {where} must be class numbers, integers (n,); found {kind} {tuple(labels.shape)}"
        )
    numbers = labels.long()
    odd = numbers[(numbers < 0) | (numbers >= n_classes)]
    if len(odd):
        raise ConfigError(
            f"the labels {where} must be class numbers from 0 to {n_classes - 1}, as many as its head tells apart; "
            f"found {int(odd[0])} ({len(odd)} of {len(numbers)} are outside); drop such examples"
        )
    return numbers


def _require_finite(what: str, where: str, values: Tensor) -> None:
    """Refuse NaN and infinity; integers hold none."""
    if not values.is_floating_point() or values.numel() == 0:
        return
    low, high = torch.aminmax(values.detach())
    if not torch.isfinite(high - low):
        rows = (~values.detach().flatten(1).isfinite().all(dim=1) if values.ndim > 1 else ~values.isfinite()).nonzero()
        if len(rows):
            raise ConfigError(
                f"the {what} {where} hold NaN or infinity, first in example {int(rows[0])} "
                f"({len(rows)} of {len(values)}); drop or mend these examples"
            )
