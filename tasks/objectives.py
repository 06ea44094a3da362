"""What one plain model achieves on every task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..errors import ConfigError, FrontError
from .real_numbers import as_numbers


@dataclass(frozen=True)
class Objectives:
    """What one plain model achieves on every task; all values are minimised.

    Error and loss may be handed over as lists, tensors or arrays of any real type; they are kept as float64 arrays.

    Raises:
        ConfigError: one of them is not T real numbers, where NaN and infinity are numbers, see `finite`; or `wrong`
            does not say of T tasks which examples are wrong, or says another share than `error`.
    """

    error: NDArray[np.float64]
    """Share of wrong answers of each task, in [0, 1], (T,); the objective's value where there are no labels."""
    loss: NDArray[np.float64]
    """Mean loss of each task, in the loss's own unit, (T,)."""
    wrong: Sequence[NDArray[np.bool_]] | None = None
    """For each task, whether each example of the split is answered wrongly, (n_t,), in the same order for every model;
    its mean is the error. None where errors are no shares of examples. The noise of the test sample is estimated from
    it."""

    def __post_init__(self) -> None:
        for kind in ("error", "loss"):
            values = np.atleast_1d(as_numbers(f"the {kind} of Objectives", getattr(self, kind)))
            object.__setattr__(self, kind, values)
        if self.error.shape != self.loss.shape or self.error.ndim != 1:
            raise ConfigError(
                "Objectives hold one error and one loss a task, two vectors of one length; "
                f"found shapes {self.error.shape} and {self.loss.shape}"
            )
        if self.wrong is not None:
            object.__setattr__(self, "wrong", _checked_examples(self.wrong, self.error))

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
                        f"the {kind} on task {task!r} is {value}, expected a finite number; the model has diverged "
                        "(lower the learning rate or look at its training curve) or was merged too far from the experts"
                    )
        return self


def _checked_examples(wrong: object, error: NDArray[np.float64]) -> tuple[NDArray[np.bool_], ...]:
    """Return one truth value an example for each task, whose means are the errors."""
    given = wrong if isinstance(wrong, list | tuple) else ()
    found = tuple(np.asarray(one.cpu() if isinstance(one, Tensor) else one) for one in given)
    if len(found) != len(error) or any(one.dtype != np.bool_ or one.ndim != 1 or not one.size for one in found):
        raise ConfigError(
            f"`wrong` of Objectives is a list of {len(error)} arrays, one a task, of one truth value an example; "
            f"found {', '.join(f'{one.dtype} {one.shape}' for one in found) or type(wrong).__name__}"
        )
    shares = np.array([one.mean() for one in found])
    if not np.allclose(shares, error, rtol=0.0, atol=1e-6):
        raise ConfigError(
            f"`wrong` of Objectives marks the shares {shares.tolist()} of examples, but the errors are {error.tolist()}"
        )
    return found


def checked_objectives(found: object, tasks: Sequence[str]) -> Objectives:
    """Return what a problem's `evaluate` has returned, if it is an error and a loss for every task.

    Args:
        found: what was returned.
        tasks: T names.

    Raises:
        ConfigError: it is something else.
    """
    if not isinstance(found, Objectives):
        raise ConfigError(f"the problem's evaluate() returned {type(found).__name__}, expected Objectives")
    if len(found.error) != len(tasks):
        raise ConfigError(
            f"the problem's evaluate() returned objectives of {len(found.error)} tasks, expected one error and one "
            f"loss for each of {len(tasks)}: {', '.join(tasks)}"
        )
    return found
