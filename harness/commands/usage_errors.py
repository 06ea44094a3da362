"""Say what is wrong with the words of a command, in words that fit beside those of all other errors."""

from __future__ import annotations

from typing import Any

from ...one_line import shown
from ...validation_words import said_of


def usage_message(error: Any) -> str:
    """Return the sentence of a usage error, with what was found; empty where no command was given.

    Typer has pydantic look at an option's value and takes its words; where a validator has raised an error, such as
    Typer's own for a choice that there is not, pydantic puts "Value error," before a text that is a sentence already.

    Args:
        error: an exception of the copy of click that typer carries, which has no public name.
    """
    problems = getattr(error.__cause__, "errors", None)
    if callable(problems):  # a ValidationError; it is not imported for this, since `--help` is instant
        first = problems()[0]
        error.message = said_of(first)
        if first["type"] not in ("value_error", "assertion_error"):
            error.message += f", found {shown(first['input'])}"
    return str(error.format_message())
