"""What an error in a worker says about how its cell ended."""

from __future__ import annotations

from ...errors import (
    ConfigError,
    DataError,
    DuplicateNameError,
    FrontrunnerError,
    RankError,
    StoreError,
    UnknownNameError,
    UnsupportedError,
)
from ...plugin_failure import with_line
from ..records.status import Ending, Status
from .misfits import ending_of
from .out_of_memory import is_out_of_memory
from .reason import in_one_line

MISCONFIGURED = (ConfigError, DataError, DuplicateNameError, UnknownNameError)
"""Errors that come again until somebody changes an option, a file or a plugin."""
PASSING = (StoreError, RankError)
"""Errors that need not come again from the same checkpoint: a full disk, a process that was killed."""


def ended_by(error: BaseException) -> Ending:
    """Return the ending of a cell that raised an error, with its reason in one sentence."""
    reason = in_one_line(error)
    if not isinstance(error, FrontrunnerError):  # which says itself what to do
        reason = with_line(reason, error)
    if isinstance(error, UnsupportedError):
        return ending_of(error, reason)
    if is_out_of_memory(error):
        return Ending(Status.OUT_OF_MEMORY, reason, resumable=True)
    return Ending(Status.FAILED, reason, resumable=isinstance(error, PASSING), repeats=isinstance(error, MISCONFIGURED))
