"""Say how a plugin's own code failed: the last line of its traceback, and where in the plugin that was."""

from __future__ import annotations

import traceback

from .plugin_modules import PREFIX, without_plugin_prefix


def last_line(error: BaseException) -> str:
    """Return what Python writes at the end of an error's traceback, as `KeyError: 'lr'`; without notes."""
    message = without_plugin_prefix(str(error))
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def failed_at(error: BaseException) -> str:
    """Return the innermost line of a plugin file that an error passed, as `line 3 of mine.py`; empty without one."""
    passed = [
        f"line {number} of {frame.f_code.co_filename.rpartition('/')[2]}"
        for frame, number in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__", "")).startswith(PREFIX)
    ]
    return passed[-1] if passed else ""


def with_line(said: str, error: BaseException) -> str:
    """Return what was said of an error, followed by the line of the plugin where it failed, if it was in one."""
    where = failed_at(error)
    return f"{said} ({where})" if where else said
