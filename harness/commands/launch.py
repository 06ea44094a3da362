"""Run the command line: errors become one sentence on standard error, signals become interruptions."""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
from typing import NoReturn

import typer
from rich.console import Console

from ...errors import FrontrunnerError

COLLECT_EVERY = 200_000
"""New objects between two garbage collections: a command imports thousands of modules, of which nothing is garbage,
and looking through them every 700 objects, as Python does, takes a quarter of that time."""
CTRL_C = 130
"""The status that typer returns after Ctrl-C."""


def launch(app: typer.Typer) -> NoReturn:
    """Run the command that `sys.argv` names, then exit.

    The exit status is 0 where the command succeeded and 1 where it failed; a failure is one sentence on standard
    error. SIGTERM and SIGHUP count as interruptions, so that what runs is closed before the process ends.
    """
    gc.set_threshold(COLLECT_EVERY, 20, 100)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    if sys.stdout is None:  # closed by whoever started us, who wants no output
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - until the process ends
    try:
        status = app(standalone_mode=False)
        sys.stdout.flush()
        if status == CTRL_C:
            raise KeyboardInterrupt
    except (typer.Abort, KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # everything is closed; a second Ctrl-C has nothing to interrupt
        _fail("interrupted; the same command continues where it stopped")
    except FrontrunnerError as error:
        _fail(str(error))
    except BrokenPipeError:
        sys.exit(1)  # the reader of our output has gone
    except UnicodeEncodeError as error:
        _fail(
            f"the output's encoding {error.encoding} has no {error.object[error.start]!a}; set PYTHONIOENCODING=utf-8"
        )
    except OSError as error:
        if error.filename is not None or error.errno not in (errno.ENOSPC, errno.EIO, errno.EBADF):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left in the buffer is lost, and written nowhere
        _fail(f"the output cannot be written ({error.strerror})")
    except Exception as error:
        # Usage errors; typer carries its own copy of click, whose exceptions have no public name
        if not hasattr(error, "format_message"):
            raise
        message = error.format_message()
        if not message:  # no command at all: the help has been printed
            sys.exit(0)
        _fail(message)
    sys.exit(status if isinstance(status, int) else 0)


def _fail(message: str) -> NoReturn:
    from rich.text import Text  # messages hold brackets that are no markup

    sentence = " ".join(message.split())  # what a library or a plugin said may hold line breaks
    Console(stderr=True).print(Text.assemble(("error: ", "bold red"), sentence), highlight=False, soft_wrap=True)
    sys.exit(1)
