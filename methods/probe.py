"""Probes: who wants to look at a set while it is being learned."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from .pareto_set import ParetoSet

Probe: TypeAlias = Callable[[int, int, Callable[[], ParetoSet]], None]
"""Called with (step, total, set) as a fit goes on; `set()` gives the set as it is at that moment.

Steps increase and end before `total`: the finished set is what `fit` returns. A set that is not called for costs
nothing. Evaluate it before returning, since training goes on in it. A probe that raises ends the fit. A resumed
fit may show again what an interrupted one has shown.
"""


def unprobed(step: int, total: int, partial_set: Callable[[], ParetoSet]) -> None:
    """A probe that does not look."""
