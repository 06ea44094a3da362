"""How many CPUs this process may use, which need not be all that the machine has."""

from __future__ import annotations

import os


def available_cpus() -> int:
    """Return how many CPUs this process may use: those it is bound to, else all of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
