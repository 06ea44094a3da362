"""Say in one line why something failed."""

from __future__ import annotations

from ...errors import FrontrunnerError
from ...one_line import as_one_line
from ...plugin_modules import without_plugin_prefix

LONGEST_REASON = 500
"""Most characters of a reason."""


def in_one_line(error: BaseException | str) -> str:
    """Return the type and the message of an error, or a text, as one line that can be stored and shown anywhere."""
    text = str(error)
    if isinstance(error, SystemExit):
        text = f"the code called sys.exit({error.code!r})"
    elif isinstance(error, BaseException) and not isinstance(error, FrontrunnerError):
        text = f"{type(error).__name__}: {error}"
    return as_one_line(without_plugin_prefix(text), LONGEST_REASON).removesuffix(":")
