"""Keep a worker: a small process between the command and the worker, with which everything of the worker ends.

A worker cannot end itself in every case: C code may hold the interpreter's lock, and processes that a learner has
started go on without it. So its keeper, which runs no learner's code, is its parent. It takes what the worker prints
into a log of bounded size, holds the lock of the cell's worker, and once the worker or the command has ended, by
whatever signal, it kills all that is left before it lets the lock go.

On Linux processes that lose their parent become children of the keeper, also those that have left the worker's session.
Elsewhere those that have left its process group are not found.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import time
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ...os_errors import because
from ..records.run_files import LOG
from .capped_log import CappedLog
from .worker_order import WorkerOrder

if TYPE_CHECKING:
    from ..records.status import Ending

AT_ONCE_BYTES = 2**16
"""Bytes that are read of what the worker prints at a time: what a pipe holds."""
LOCK_WAIT_S = 60.0
"""Seconds to wait for the lock of the cell's worker. A command has seen that it is free; an engine that tries a cell
again may be faster than what is left of the first attempt."""
SERVER_GONE = 255
"""The exit status that multiprocessing gives for a process whose fork server has ended."""
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def keep(command: Connection, order: WorkerOrder) -> NoReturn:
    """Run the worker of an order until it or the command ends, then kill what is left, and exit as the worker did.

    Args:
        command: the connection to the command, which the worker writes to; it is closed when the command ends.
        order: what the worker is to do.
    """
    os.setsid()  # so that Ctrl-C, and a signal to the command's group, reach the command only
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _ignored)  # handlers are not kept by the programs that a worker starts
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    printed, prints = multiprocessing.Pipe(duplex=False)
    worker = _context().Process(target=_work, args=(command, order, prints, os.getpid()))  # type: ignore[attr-defined] # typeshed: on every context but the base
    try:
        if not _hold(order.worker_lock, command):
            _say(command, "the worker of an earlier attempt has not ended", killed=True)
            os._exit(1)
        log = CappedLog(Path(order.scratch) / LOG)
        worker.start()
    except OSError as error:
        _say(command, f"its process could not be started {because(error)}")
        os._exit(1)
    prints.close()
    try:
        _look_on(worker, command, printed, log)
    finally:
        code = _end(worker)
        _end_all_below()
        while printed.poll(0) and (rest := os.read(printed.fileno(), AT_ONCE_BYTES)):
            log.write(rest)
        log.close()
    _exit_as(code, command, Path(order.scratch) / LOG)


def _say(command: Connection, reason: str, *, killed: bool = False) -> None:
    """Tell the command that there is no worker, and why; another attempt may have one."""
    from ..records.status import Ending, Status

    _send(command, Ending(Status.KILLED if killed else Status.FAILED, reason, resumable=True))


def _send(command: Connection, ending: Ending) -> None:
    """Tell the command how the attempt has ended."""
    from .worker_events import Ended

    with contextlib.suppress(OSError):  # the command has ended
        command.send(Ended(ending))


def _context() -> BaseContext:
    """Return how the worker is started: from here, where it was forked or is as small as a new process."""
    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


def _work(command: Connection, order: WorkerOrder, prints: Connection, keeper: int) -> None:
    """Be the worker."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != keeper:  # it has ended before the line above
        os._exit(1)
    from .worker import main  # imports torch

    main(command, order, prints)


def _look_on(worker: BaseProcess, command: Connection, printed: Connection, log: CappedLog) -> None:
    """Log what is printed until the worker or the command has ended."""
    ends = _end_of(worker)
    sources: list[Connection | int] = [printed, ends, command]
    while True:
        ready = wait(sources)
        if printed in ready:
            if data := os.read(printed.fileno(), AT_ONCE_BYTES):
                log.write(data)
            else:
                sources.remove(printed)  # the worker has closed both streams
        if ends in ready or command in ready:  # the command sends nothing: it has ended
            return


def _end_of(worker: BaseProcess) -> int:
    """Return a file descriptor that can be read from once the worker has ended.

    That of multiprocessing is a pipe, which whatever a learner forks holds open as well.
    """
    if sys.platform == "linux" and worker.pid is not None:
        with contextlib.suppress(OSError):  # Linux before 5.3
            return os.pidfd_open(worker.pid)
    return worker.sentinel


def _end(worker: BaseProcess) -> int:
    """Kill the worker with its process group, and return its exit status as multiprocessing gives it."""
    assert worker.pid is not None  # for the type checker: it has been started
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(worker.pid, signal.SIGKILL)  # not collected yet, so that the number is still its own
    if worker.exitcode is None:
        worker.kill()  # it had not become the leader of a group yet
    worker.join()
    return worker.exitcode or 0


def _end_all_below() -> None:
    """Kill what descends from this process until nothing does."""
    while _has_children():
        import psutil

        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(0.005)


def _has_children() -> bool:
    """Collect children that have ended; return whether there are others."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue
    except ChildProcessError:
        return False
    return True


def _hold(lock: str, command: Connection) -> bool:
    """Lock a file until this process and all that are forked from it have ended; False where another has locked it.

    It is waited for, until the command ends.

    The same kind of lock as that of `filelock`, whose objects would free it when a fork drops them.
    """
    if not lock or sys.platform == "win32":
        return True
    import fcntl

    file = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    until = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until or command.poll(0):
                return False
            time.sleep(0.05)
        except OSError:  # a file system without such locks
            return True
        else:
            return True


def _exit_as(code: int, command: Connection, log: Path) -> NoReturn:
    """End with the exit status of the worker, or by the signal that ended it."""
    if code < 0:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the worker has left a core file, where one was wanted
        with contextlib.suppress(OSError):  # SIGKILL has no handler
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    if code == SERVER_GONE:  # which would be taken for the end of the fork server, so that it is told in words
        from .ended_with_code import ended_with_code

        _send(command, ended_with_code(code, log))
    os._exit(code if code >= 0 and code != SERVER_GONE else 1)


def _ignored(*_: object) -> None:
    """Handle a signal by going on."""


def _prctl(option: int, value: int) -> None:
    """Set an attribute of this process on Linux; elsewhere there are none."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
