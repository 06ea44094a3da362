"""Whole numbers in files and scripts, where pydantic alone would take true for 1 and '10' for 10."""

from __future__ import annotations

import operator
from typing import Annotated, Any

from pydantic import BeforeValidator

from ...errors import ConfigError
from ...one_line import shown


def _whole(given: Any) -> int:
    if not isinstance(given, bool):
        try:
            return operator.index(given)  # NumPy's are whole numbers, too
        except TypeError:
            pass
    raise ConfigError(f"a whole number is expected, found {shown(given)}")


WholeNumber = Annotated[int, BeforeValidator(_whole)]
"""The type of a field that takes whole numbers, and neither texts nor true or false."""
