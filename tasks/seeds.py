"""Refuse a seed that no generator takes."""

from __future__ import annotations

import numpy as np

from ..errors import ConfigError


def as_seed(seed: object) -> int:
    """Return a seed as Python's int.

    Raises:
        ConfigError: it is no whole number (True and False are none), negative, or 2^63 or more.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise ConfigError(f"a seed is a whole number; found {seed!r}")
    if not 0 <= seed < 2**63:
        raise ConfigError(f"a seed must be 0 or more and below 2^63, found {seed}")
    return int(seed)
