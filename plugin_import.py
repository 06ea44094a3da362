"""Import a plugin file, and say in one sentence why it cannot be imported."""

from __future__ import annotations

import contextlib
import importlib
import sys
from pathlib import Path
from types import ModuleType

from .errors import ConfigError, FrontrunnerError, PluginError
from .plugin_exit import EndedError, not_ending
from .plugin_failure import last_line, with_line
from .plugin_modules import PREFIX, module_name


def import_plugin(path: str | Path) -> tuple[ModuleType, str]:
    """Import a plugin file once, and return the module and its origin, for messages.

    What the file prints goes to standard error, since a command's output may be read by a program.

    Raises:
        ConfigError: the file is missing.
        PluginError: it raises while it is imported; the message ends with the line that did.
    """
    try:
        file = Path(path).resolve(strict=True)
        if file.is_dir():
            raise ConfigError(f"the plugin {str(path)!r} is a folder; name a Python file in it")
        if not file.is_file():
            raise ConfigError(f"the plugin {str(path)!r} is not a Python file that can be read")
        with file.open("rb"):
            pass
    except (OSError, ValueError, RuntimeError) as error:  # a name with NUL, a circle of links
        if isinstance(error, FrontrunnerError):
            raise
        raise ConfigError(f"the plugin {str(path)!r} is not a Python file that can be read ({error})") from error
    name = module_name(file)
    before = set(sys.modules)
    importlib.invalidate_caches()  # the file may be younger than what was seen of its folder
    try:
        with contextlib.redirect_stdout(sys.stderr), not_ending():
            return importlib.import_module(name), str(file)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        for imported in set(sys.modules) - before:
            if imported.startswith(PREFIX):  # half of a module, and files beside it that will be imported again
                del sys.modules[imported]
        raise PluginError(f"the plugin {str(path)!r} cannot be imported: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """Return why an import failed, with the line of the plugin, or of a file beside it, where it did."""
    if isinstance(error, EndedError):
        what = str(error)
        error = error.__cause__ or error
    elif isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith(PREFIX):
        what = f"{error}; install it, or put the file beside the plugin"
    else:
        what = last_line(error)
    return with_line(what, error)
