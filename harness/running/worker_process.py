"""Runs one cell in a process of its own and passes on what it reports."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from ...methods import METHODS
from ...tasks import SUITES
from ..cells.cell import Cell
from ..records.status import Ending, Status
from .worker import Request, main
from .worker_events import Ended, Event

LAST_WORDS_S = 10.0
"""How long a worker may take to leave after its last report; threads of a learner must not hold up a bench."""
CHECKPOINT_INTERVAL_S = 60.0
"""How much of a fit an interruption may cost."""
SERVER_GONE = 255
"""What multiprocessing gives as the exit status of a process whose fork server cannot say it."""
START_TRIES = 10
"""Before a fork server that does not answer is an error."""
LOOK_UP_INTERVAL_S = 0.2
"""How often the wait for a worker's next report is left to see whether it should be ended."""
PRELOADED = ("frontrunner.harness.running.worker", "torch._dynamo")  # the first optimizer imports the second
"""What every worker needs and takes seconds to import."""

_processes = threading.Lock()
"""Starting a process looks at how others have ended, which must not be read twice."""


class StoppedError(Exception):
    """Raised by `on_event` to end a cell whose result nobody wants any more; says why."""


def preload(suites: Iterable[str], methods: Iterable[str]) -> None:
    """Have workers of this process share what these suites and methods import; only before there has been a worker."""
    found = [SUITES.get(suite) for suite in suites]
    modules = [module for suite in found for module in (suite.__module__, *suite.imports)]
    modules += [METHODS.get(method).__module__ for method in methods]
    multiprocessing.set_forkserver_preload([*PRELOADED, *dict.fromkeys(modules)])


def run_in_process(
    cell: Cell,
    *,
    device: str,
    plugins: Sequence[str],
    scratch: Path,
    checkpoints: Path,
    on_event: Callable[[Event], None],
    stop: threading.Event,
    probes: int = 0,
) -> Ending:
    """Start the worker, forward its events, wait for its end or for `stop`; the process never outlives this call.

    The worker's standard error goes to `worker.log` in the scratch folder, where it leaves the finished cell too; its
    fit goes on from the checkpoints an earlier attempt has left, and reports the partial set `probes` times.
    """
    context = _context(device)
    ours, theirs = context.Pipe()
    request = Request(
        cell=cell.to_json(),
        device=device,
        plugins=tuple(plugins),
        scratch=str(scratch),
        checkpoints=str(checkpoints),
        checkpoint_interval_s=CHECKPOINT_INTERVAL_S,
        probes=probes,
        folder=str(Path.cwd()),
        environment={"CUBLAS_WORKSPACE_CONFIG": ":4096:8", **os.environ},  # without it cuBLAS is not reproducible
    )
    ending: Ending | None = None
    process: BaseProcess | None = None
    with ours:  # its end tells the worker that its parent is gone
        try:
            with _processes:
                process = context.Process(target=main, args=(theirs, request))  # type: ignore[attr-defined] # typeshed: on every context but the base
                with _safe_path():
                    _start(process)
            theirs.close()
            ending = _listen(ours, process, on_event, stop)
            if ending is not None:
                wait([process.sentinel], LAST_WORDS_S)
        except StoppedError as reason:
            return Ending(Status.STOPPED, str(reason))
        finally:
            theirs.close()
            if process is not None:
                _kill(process)
    if stop.is_set():
        return Ending(Status.KILLED, "interrupted", resumable=True)
    return ending or _ended_without_a_word(process.exitcode or 0, context, scratch)


def _ended_without_a_word(code: int, context: BaseContext, scratch: Path) -> Ending:
    """Say from its exit status what became of a worker that did not report its end."""
    if code == SERVER_GONE and context.get_start_method() == "forkserver":
        return Ending(Status.KILLED, "the process that workers are forked from has ended", resumable=True)
    if code < 0:
        suspicion = " (out of memory?)" if code == -9 else ""
        return Ending(Status.KILLED, f"its process was ended by signal {-code}{suspicion}", resumable=True)
    return Ending(Status.FAILED, f"its process ended with status {code}: {_last_line(scratch / 'worker.log')}")


def _listen(
    events: Connection, process: BaseProcess, on_event: Callable[[Event], None], stop: threading.Event
) -> Ending | None:
    """Forward events until the last, which says how it ended; None where the process ended without one."""
    while not stop.is_set():
        ready = wait([events, process.sentinel], LOOK_UP_INTERVAL_S)
        if events in ready:
            try:
                message = events.recv()
            except (EOFError, OSError):
                wait([process.sentinel])
                return None
            if isinstance(message, Ended):
                return message.ending
            on_event(message)
        elif ready:  # not until the pipe closes: a child the learner forked may hold it
            return None
    return None


@contextlib.contextmanager
def _safe_path() -> Iterator[None]:
    """A folder called frontrunner where the user stands must not be taken for the package by what is started now."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


def _start(process: BaseProcess) -> None:
    """Also where the fork server has just been killed: it takes a moment to be seen as gone, and is started anew."""
    for _ in range(START_TRIES):
        with contextlib.suppress(ConnectionRefusedError):
            process.start()
            return
        time.sleep(LOOK_UP_INTERVAL_S)
    process.start()


def _context(device: str) -> BaseContext:
    """Workers are forked from a process that has imported everything, where forking is safe: a second, not six."""
    forks = sys.platform == "linux" and not device.startswith("cuda")
    return multiprocessing.get_context("forkserver" if forks else "spawn")


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1][:300] if lines else "it printed nothing"


def _kill(process: BaseProcess) -> None:
    """End the worker and whatever it has started."""
    if process.pid is None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with _processes:
        if process.exitcode is None:
            process.kill()  # it had no group of its own yet
        process.join()
