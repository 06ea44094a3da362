"""Checking the examples that a problem is made with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..errors import ConfigError
from .precision import type_name
from .stored_inputs import named_tensors

if TYPE_CHECKING:
    from .examples import Examples

USUAL_NAMES = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validate", "validation", "dev", "development"), "val"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
}
"""Names that splits are given elsewhere, in lower case, and how they are called here."""


def check_examples(tasks: Sequence[str], data: Sequence[Mapping[str, Examples]]) -> None:
    """Check that every task has the same splits, none of them empty, and numbers that are finite.

    Raises:
        ConfigError: they do not; the message names the task and the split.
    """
    for task, splits in zip(tasks, data, strict=True):
        if set(splits) != set(data[0]):
            raise ConfigError(
                f"every task must have the same splits; "
                f"{tasks[0]!r} has {sorted(data[0])}, {task!r} has {sorted(splits)}"
            )
        _require_usual_names(task, splits)
        for split, examples in splits.items():
            where = f"of task {task!r} in split {split!r}"
            labels = examples.labels
            if len(labels) == 0:
                raise ConfigError(f"the split {split!r} of task {task!r} is empty; expected one example or more")
            for what, inputs in named_tensors("inputs", examples.inputs):
                if len(inputs) != len(labels):
                    raise ConfigError(
                        f"the examples {where} are {len(inputs)} {what} and {len(labels)} labels, expected one each"
                    )
                _require_finite(what, where, inputs)
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
        from_one = int(numbers.min()) >= 1 and int(numbers.max()) == n_classes
        advice = "are they counted from 1? then subtract 1" if from_one else "drop such examples"
        raise ConfigError(
            f"the labels {where} must be class numbers from 0 to {n_classes - 1}, as many as its head tells apart; "
            f"found {int(odd[0])} ({len(odd)} of {len(numbers)} are outside); {advice}"
        )
    return numbers


def _require_usual_names(task: str, splits: Mapping[str, Examples]) -> None:
    """Refuse another name of a split that learners and runs ask for, where that is not there."""
    for split in splits:
        usual = USUAL_NAMES.get(split.strip().lower())
        if usual is not None and usual not in splits:
            raise ConfigError(
                f"the splits that are used are called 'train', 'val' and 'test', "
                f"found {split!r} of task {task!r}; rename it to {usual!r}"
            )


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
