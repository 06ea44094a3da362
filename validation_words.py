"""Say what pydantic has found wrong with an input: in its words, or in those of the validator that has refused it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError


def said_of(problem: Mapping[str, Any]) -> str:
    """Return what is wrong, given one of the `errors()` of a ValidationError.

    The text of an error that a validator has raised is a sentence already, and stands without pydantic's "Value error,"
    before it.
    """
    raised = problem.get("ctx", {}).get("error")
    return (str(raised) or "the value is not accepted") if isinstance(raised, Exception) else str(problem["msg"])


def validation_message(error: ValidationError) -> str:
    """Return the first error that pydantic has found, with the place where it was found."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {said_of(first)}" if first["loc"] else said_of(first)
