"""Run the command line: errors become one sentence on standard error, signals become interruptions."""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

import typer

from ...errors import ConfigError, FrontrunnerError
from ...one_line import as_one_line
from ...os_errors import because
from ...plugin_failure import failed_at, last_line
from .console import open_console
from .kept_traceback import with_traceback
from .streams import require_streams
from .usage_errors import usage_message

COLLECT_EVERY = 200_000
"""New objects between two garbage collections: a command imports thousands of modules, of which nothing is garbage,
and looking through them every 700 objects, as Python does, takes a quarter of that time."""
CTRL_C = 130
"""The status that typer returns after Ctrl-C."""
RUN_CELLS = {"bench", "run", "tune"}
"""Commands whose work is kept where they are interrupted."""
INTERRUPTED = (
    "interrupted; the same command goes on: finished cells and experts are kept, a fit continues from its last "
    "checkpoint, and an expert that is being trained starts again"
)


def launch(app: typer.Typer) -> NoReturn:
    """Run the command that `sys.argv` names, then exit.

    The exit status is 0 where the command succeeded and 1 where it failed; a failure is one sentence on standard
    error. SIGTERM and SIGHUP count as interruptions, so that what runs is closed before the process ends.
    """
    gc.set_threshold(COLLECT_EVERY, 20, 100)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    require_streams()
    try:
        _require_folder()
        status = app(standalone_mode=False)
        sys.stdout.flush()
        if status == CTRL_C:
            raise KeyboardInterrupt
    except (typer.Abort, KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # everything is closed; a second Ctrl-C has nothing to interrupt
        _fail(INTERRUPTED if set(sys.argv[1:2]) & RUN_CELLS else "interrupted")
    except FrontrunnerError as error:
        _fail(with_traceback(str(error), error))
    except SystemExit as error:  # no command ends so: with status 0 it would look as if it had done what was asked
        if isinstance(error.__context__, OSError) and error.__context__.errno == errno.EPIPE:  # typer makes this of it
            _end_without_reader()
        where = failed_at(error)
        _fail(
            with_traceback(f"code of a plugin or a library ended the process ({error}){where and f' ({where})'}", error)
        )
    except BrokenPipeError:
        _end_without_reader()
    except UnicodeEncodeError as error:  # of a file's name, since whatever is printed can be
        _fail(
            f"the locale's encoding {error.encoding} has no {error.object[error.start]!a}, which a name of a file or "
            "folder needs; set LC_ALL to one with UTF-8, such as C.UTF-8"
        )
    except OSError as error:
        if error.filename is None and error.errno in (errno.ENOSPC, errno.EIO, errno.EBADF):
            _discard_output()
            _fail(f"the output cannot be written {because(error)}")
        if error.filename is None and error.errno is None:  # of a library that tells no more: it may be a defect
            raise
        _fail(f"a file cannot be used {because(error)}")
    except RuntimeError as error:
        if "home directory" not in str(error):
            raise
        _fail("this user has no home, where MLflow and others keep settings; set HOME to a folder that can be written")
    except Exception as error:
        # Usage errors; typer carries its own copy of click, whose exceptions have no public name
        if not hasattr(error, "format_message"):
            if where := failed_at(error):  # in a plugin, and not a defect of ours
                _fail(with_traceback(f"a plugin failed: {last_line(error)} ({where})", error))
            raise
        message = usage_message(error)
        if not message:  # no command at all: the help has been printed
            sys.exit(0)
        _fail(message)
    sys.exit(status if isinstance(status, int) else 0)


def _require_folder() -> None:
    """Raise ConfigError where the working directory has been removed, of which every path fails in its own way."""
    try:
        Path.cwd()
    except FileNotFoundError as error:
        raise ConfigError("the working directory does not exist any more; change to one that does") from error


def _discard_output() -> None:
    """Have what is left in the output's buffer written nowhere, when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _end_without_reader() -> NoReturn:
    """End where whatever reads the output has gone, which is no error of ours."""
    _discard_output()
    sys.exit(1)


def _fail(message: str) -> NoReturn:
    from rich.text import Text  # messages hold brackets that are no markup

    sentence = as_one_line(message)  # what a library or a plugin said may hold line breaks
    open_console(stderr=True).print(Text.assemble(("error: ", "bold red"), sentence), highlight=False, soft_wrap=True)
    sys.exit(1)
