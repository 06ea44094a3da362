"""Probes, which look at a set while it is being learned."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from .pareto_set import ParetoSet

Probe: TypeAlias = Callable[[int, int, Callable[[], ParetoSet]], None]
"""A function that a fit calls as `probe(step, total, make_set)`; `make_set()` gives the set as it is at that moment.

Steps increase and end before `total`: the finished set is what `fit` returns. A set that is not asked for costs
nothing. A probe evaluates the set before it returns, since training goes on in it, and ends the fit by raising. A
resumed fit may call with steps that an interrupted one has called with.
"""


def unprobed(step: int, total: int, partial_set: Callable[[], ParetoSet]) -> None:
    """Do nothing: the probe of a fit that nobody looks at."""
