"""Checks of options that many learners have."""

from __future__ import annotations

from ..errors import ConfigError


def require_positive(config: object, *options: str) -> None:
    """ConfigError for the first of these options that is set and not above 0."""
    for option in options:
        value = getattr(config, option)
        if value is not None and value <= 0:
            raise ConfigError(f"{option} must be positive, found {value}")


def require_min_preference(value: float) -> None:
    """ConfigError unless smaller weights of a preference can be raised to it."""
    if not 0 < value < 0.5:
        raise ConfigError(f"min_preference must be above 0 and below 0.5, found {value}")
