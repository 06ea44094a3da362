"""Refuse a seed that is no whole number."""

from __future__ import annotations

import numpy as np

from ..errors import ConfigError


def as_seed(seed: object) -> int:
    """Return a seed as Python's int.

    Raises:
        ConfigError: it is no whole number; True and False are none.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise ConfigError(f"a seed is a whole number; found {seed!r}")
    return int(seed)
