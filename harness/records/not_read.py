"""Tell a recorded file that is damaged from one that cannot be read at this moment: only the former is lost."""

from __future__ import annotations

from ...errors import StoreError, UnreadableError
from ...os_errors import because, of_the_machine


def not_read(what: str, error: Exception, found: str = "cannot be read") -> StoreError:
    """Return the error to raise where something recorded could not be read.

    Args:
        what: what was to be read, the beginning of the message.
        error: why it could not be.
        found: what to say where that is due to its content.

    Returns:
        An UnreadableError where the machine is the cause, so that another try may succeed; else a StoreError.
    """
    if of_the_machine(error):
        return UnreadableError(f"{what} cannot be read {because(error)}")
    return StoreError(f"{what} {found} ({error})")
