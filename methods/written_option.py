"""How messages call an option with its value."""

from __future__ import annotations

import dataclasses
from typing import Any


def as_written(config: Any, option: str) -> str:
    """Return an option of a `Config` as `lr = 0.1`; a value that is the default is called so."""
    value = getattr(config, option)
    default = next(field.default for field in dataclasses.fields(config) if field.name == option)
    return f"{option} = {value!r} (the default)" if value == default else f"{option} = {value!r}"
