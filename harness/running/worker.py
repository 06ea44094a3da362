"""Run one cell: the code of the process that `worker_process` starts.

The process is a child of its `keeper`. It gets one order and a connection to the command. It sends events to the
command, and writes the finished cell to the scratch folder that the order names. It ends when the command does.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
import traceback
from multiprocessing.connection import Connection

from ..records.status import Ending, Status
from .divided_fits import require_divisible
from .ended_by_error import ended_by
from .load_cell import load_cell
from .rank_processes import NO_OTHERS, RankProcesses
from .run_cell import run_cell
from .socket_folder import require_short_sockets
from .told_warnings import warnings_told
from .worker_events import Ended, Reporter, Warned
from .worker_order import WorkerOrder


def attempt(order: WorkerOrder, reporter: Reporter, ranks: RankProcesses = NO_OTHERS) -> Ending:
    """Run the requested cell, and return how it ended."""
    try:
        cell = load_cell(order)
        require_divisible([cell], ranks.count)
        with warnings_told(lambda text: reporter.send(Warned(text))):
            run_cell(cell, order, reporter, ranks)
    except BaseException as error:
        with contextlib.suppress(Exception):  # a learner may have closed standard error
            traceback.print_exc()
        return ranks.ending_of(error) or ended_by(error)
    return Ending(Status.FINISHED)


def _stream(descriptor: int) -> io.TextIOWrapper:
    """Return a text stream on a file descriptor: the inherited ones have an encoding that may lack what is printed.

    Written line by line, so that what was printed before a crash is in the log.
    """
    raw = os.fdopen(descriptor, "wb", closefd=False)
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", line_buffering=True)


def _end_with_command(command: Connection) -> None:
    """End this process once the command has ended for any reason, even where its keeper has been killed before."""
    with contextlib.suppress(EOFError, OSError):
        command.recv()
    os._exit(1)


def main(command: Connection, order: WorkerOrder, prints: Connection) -> None:
    """Run the order and send its ending to the command; what libraries and learners print goes to the keeper."""
    os.setsid()  # a group of its own, which its keeper ends
    os.dup2(prints.fileno(), 1)
    os.dup2(prints.fileno(), 2)
    prints.close()
    sys.stdout, sys.stderr = _stream(1), _stream(2)
    os.environ.clear()  # the variables are those of the fork server
    os.environ.update(order.environment)
    os.chdir(order.folder)
    ranks = RankProcesses(order, command)  # forked while there is one thread
    threading.Thread(target=_end_with_command, args=(command,), daemon=True).start()
    with contextlib.suppress(OSError):  # a learner that starts processes will say what is wrong
        require_short_sockets()
    reporter = Reporter(command.send)
    ranks.watch(lambda ending: reporter.send(Ended(ending)))
    process = os.getpid()
    ending = attempt(order, reporter, ranks)
    if os.getpid() != process:  # a process that the learner has forked, and that came here instead of ending
        os._exit(1)
    with ranks.ended():  # nobody else reports an ending from now on
        reporter.send(Ended(ending))
    sys.exit(ending.status is not Status.FINISHED)
