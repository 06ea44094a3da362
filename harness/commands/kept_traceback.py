"""Keep the traceback of a plugin that failed in a file, and say where it lies."""

from __future__ import annotations

import traceback
from pathlib import Path

from ...errors import FrontrunnerError, PluginError
from ...whole_file import replacing

FOLDER = "tracebacks"
"""Name of the folder in the user's cache."""


def with_traceback(said: str, error: BaseException) -> str:
    """Return what was said of an error; where a plugin's code failed, the file that holds its traceback follows.

    The last traceback of every file that failed is kept. Where none can be written, nothing follows.
    """
    failure = _failure(error)
    if failure is None:
        return said
    try:
        file = _write(failure)
    except (OSError, ValueError, FrontrunnerError):
        return said
    return f"{said}; its traceback is in {file}"


def _failure(error: BaseException) -> BaseException | None:
    """Return what code of a plugin raised; None where it was Frontrunner that refused something."""
    if not isinstance(error, FrontrunnerError):
        return error
    if isinstance(error, PluginError) and not isinstance(error.__cause__, (ModuleNotFoundError, type(None))):
        return error.__cause__  # of a package that is missing, the sentence says all there is
    return None


def _write(error: BaseException) -> Path:
    from ...tasks.cache_folder import cache_folder

    text = "".join(traceback.format_exception(error))
    frames = traceback.extract_tb(error.__traceback__)
    source = getattr(error, "filename", None) or (frames[-1].filename if frames else "plugin")
    folder = cache_folder() / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{Path(str(source)).name[:100]}.txt"
    with replacing(file) as partial:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace")
    return file
