"""Types of JSON values that stop at the first that is wrong: pydantic keeps every error of an input.

An error takes a kilobyte, and a small file can hold a million wrong values.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, FailFast, Field, TypeAdapter

MAX_ENTRIES = 1000
"""The most entries of an object that is checked entry by entry: costs, files, options, values of a point."""

Curve = list[dict[str, float]]


def few_entries(content: Any) -> Any:
    """Return JSON values as they are; raise ValueError for an object of too many entries to check them all."""
    if isinstance(content, dict) and len(content) > MAX_ENTRIES:
        raise ValueError(f"an object may have {MAX_ENTRIES:,} entries here at most, found {len(content):,}")
    return content


Few = BeforeValidator(few_entries)
"""Annotates a type of objects that `few_entries` looks at first."""
_POINT = Annotated[dict[str, Annotated[float, Field(allow_inf_nan=False)]], Few]
_CURVE: TypeAdapter[Curve] = TypeAdapter(Annotated[list[_POINT], FailFast()])


def read_curve(content: Any) -> Curve:
    """Return a training curve from JSON values; raise ValidationError, of the first wrong point, where it is none."""
    return _CURVE.validate_python(content)
