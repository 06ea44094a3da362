"""Run one cell: the code of the process that `worker_process` starts.

The process gets one request and a connection to its parent. It sends events to the parent, and writes the finished cell
to the scratch folder that the request names. It ends when the parent does, since that holds the connection's other end.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

from ...errors import (
    ConfigError,
    DataError,
    DuplicateNameError,
    FrontrunnerError,
    StoreError,
    UnknownNameError,
    UnsupportedError,
)
from ...plugin_failure import with_line
from ..cells.cell import Cell
from ..cells.plugins import load_plugins
from ..cells.sources import changed_since
from ..records.status import Ending, Status
from .misfits import ending_of
from .out_of_memory import is_out_of_memory
from .reason import in_one_line
from .run_cell import Request, run_cell
from .socket_folder import require_short_sockets
from .told_warnings import warnings_told
from .worker_events import Ended, Reporter, Warned

LOG = "worker.log"
"""Name of the file in the scratch folder that takes what the worker and its libraries print, tracebacks included."""
MISCONFIGURED = (ConfigError, DataError, DuplicateNameError, UnknownNameError)
"""Errors that come again until somebody changes an option, a file or a plugin."""


def _ending_of(error: BaseException) -> Ending:
    """Return the ending of a cell that raised an error, with its reason in one sentence."""
    reason = in_one_line(error)
    if not isinstance(error, FrontrunnerError):  # which says itself what to do
        reason = with_line(reason, error)
    if isinstance(error, UnsupportedError):
        return ending_of(error, reason)
    if is_out_of_memory(error):
        return Ending(Status.OUT_OF_MEMORY, reason, resumable=True)
    # Any other failure, except that the disk is full, would happen again from the same checkpoint.
    return Ending(
        Status.FAILED, reason, resumable=isinstance(error, StoreError), repeats=isinstance(error, MISCONFIGURED)
    )


def attempt(request: Request, reporter: Reporter) -> Ending:
    """Run the requested cell, and return how it ended."""
    try:
        load_plugins(request.plugins)
        cell = Cell.from_json(request.cell)
        if changed := changed_since(cell):
            raise StoreError(f"{changed}, has been edited since the command was started; start it again")
        with warnings_told(lambda text: reporter.send(Warned(text))):
            run_cell(cell, request, reporter)
    except BaseException as error:
        with contextlib.suppress(Exception):  # a learner may have closed standard error
            traceback.print_exc()
        return _ending_of(error)
    return Ending(Status.FINISHED)


def _end_with_parent(parent: Connection) -> None:
    """End this process once the parent has ended for any reason, which closes the connection."""
    with contextlib.suppress(EOFError, OSError):
        parent.recv()
    os._exit(1)


def main(parent: Connection, request: Request) -> None:
    """Run the request and send its ending to the parent; what libraries and learners print goes to `worker.log`."""
    os.setsid()  # so that Ctrl-C reaches the parent only, which ends the worker and everything it has started
    os.environ.clear()  # the variables are those of the fork server
    os.environ.update(request.environment)
    os.chdir(request.folder)
    log = os.open(Path(request.scratch) / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # with the parent's encoding, which may lack what a learner prints
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    with contextlib.suppress(OSError):  # a learner that starts processes will say what is wrong
        require_short_sockets()
    reporter = Reporter(parent.send)
    process = os.getpid()
    ending = attempt(request, reporter)
    if os.getpid() != process:  # a process that the learner has forked, and that came here instead of ending
        os._exit(1)
    reporter.send(Ended(ending))
    sys.exit(ending.status is not Status.FINISHED)
