"""How long work reports what it is doing, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """A function that long work calls now and then with how far it is; it must return quickly."""

    def __call__(self, activity: str, step: int, total: int, *, unit: str = "steps", **metrics: float) -> None:
        """Report that `step` of `total` steps of `activity` are done, with current metrics such as `loss`.

        Numbers may be those of NumPy, or arrays and tensors of one element, with a gradient or without.

        Args:
            activity: what is being done, such as `fit`.
            step: how much of it is done.
            total: how much there is to do.
            unit: what `step` and `total` count, in the plural, such as `images`; empty where they say nothing alone.
            metrics: current values, by name.
        """


def silent(activity: str, step: int, total: int, *, unit: str = "steps", **metrics: float) -> None:
    """Do nothing: the progress of work that nobody watches."""
