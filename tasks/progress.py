"""How long work tells what it is doing, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called now and then with where an activity stands; must return quickly."""

    def __call__(self, activity: str, step: int, total: int, **metrics: float) -> None:
        """Report that `step` of `total` steps of `activity` are done, with current metrics such as `loss`."""


def silent(activity: str, step: int, total: int, **metrics: float) -> None:
    """Nobody listens."""
