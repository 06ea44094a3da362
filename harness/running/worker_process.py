"""Run one cell in its own process, pass on the events that it reports, and end it where it exceeds its limits."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil

from ...methods import METHODS
from ...os_errors import because
from ...plugin_modules import PREFIX as PLUGINS
from ...tasks import SUITES
from ..cells.device_groups import devices_of
from ..records.finished_cell import is_complete
from ..records.run_files import LOG
from ..records.status import Ending, Status
from .cell_request import CellRequest
from .deterministic_cuda import ENVIRONMENT
from .ended_with_code import ended_with_code
from .keeper import SERVER_GONE, keep
from .kept_limits import KeptLimits
from .main_hidden import main_hidden
from .quiet_tracker import start_quiet_tracker
from .reason import in_one_line
from .socket_folder import require_short_sockets
from .worker_events import Ended, Event, PhaseStarted
from .worker_order import WorkerOrder

LAST_WORDS_S = 10.0
"""Seconds a worker has to exit after its last message, since a learner's threads must not delay a bench."""
CHECKPOINT_INTERVAL_S = 60.0
"""Least seconds between two checkpoints, which is about what an interruption costs of a fit."""
RANK_TIMEOUT_S = 600.0
"""Seconds after which a process of a fit that does not answer the others is given up: a step takes less, and so does
writing a checkpoint, for which the others wait."""
START_TRIES = 10
"""How often to try to start a process, before a fork server that does not answer is an error."""
LOOK_UP_INTERVAL_S = 0.2
"""Seconds to wait for a worker's next message before checking whether the worker is to be ended."""
MOST_WAITING = 1000
"""How many messages of a worker over its limits are read to find the last one."""
BY_FORCE = (Status.TIMED_OUT, Status.OVER_MEMORY_LIMIT)
"""Endings of workers that are given no time to exit."""
PRELOADED = (
    "frontrunner.harness.running.keeper",
    "frontrunner.harness.running.worker",
    "torch._dynamo",  # by making an optimizer
    "pandas",  # by making a table of pyarrow, as of a front
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
)
"""Modules that every worker needs and that take seconds to import."""

_processes = threading.Lock()
"""Held to start or join a process: both collect the exit status of ended ones, which can be read only once."""


class StoppedError(Exception):
    """Raised by `on_event` to end a cell whose result is no longer wanted; the message says why."""


class _NotStartedError(Exception):
    """The worker could not be started; the message says why."""


def preload(suites: Iterable[str], methods: Iterable[str]) -> None:
    """Have the workers of this process share the imports of these suites and methods.

    Call it before the first worker starts; it has no effect afterwards.
    """
    found = [SUITES.get(suite) for suite in suites]
    modules = [module for suite in found for module in (suite.__module__, *suite.imports)]
    modules += [METHODS.get(method).__module__ for method in methods]
    # Plugins are imported by every worker anew: what they print belongs to its log, and they may have been edited.
    shared = [module for module in dict.fromkeys(modules) if not module.startswith(PLUGINS)]
    multiprocessing.set_forkserver_preload([*PRELOADED, *shared])


def run_in_process(request: CellRequest, *, on_event: Callable[[Event], None], stop: threading.Event) -> Ending:
    """Run a cell in a worker process until it ends or `stop` is set, and return how it ended.

    Nothing that the worker has started outlives this call, nor this process: see `keeper`.

    Args:
        request: the cell, where it runs, and the folders it writes.
        on_event: receives the worker's events; where it raises `StoppedError`, the cell ends as stopped.
        stop: ends the cell as killed once it is set.
    """
    context = _context(request.device)
    ours, theirs = context.Pipe()
    kept = KeptLimits(request.limits, request.checkpoints)
    ending: Ending | None = None
    keeper: BaseProcess | None = None
    try:
        keeper = context.Process(target=keep, args=(theirs, _order(request)))  # type: ignore[attr-defined] # typeshed: on every context but the base
        with _processes, _safe_path(), main_hidden():
            _start(keeper)
        theirs.close()
        ending = _listen(ours, keeper, on_event, stop, kept)
        if ending is not None and ending.status not in BY_FORCE:
            wait([keeper.sentinel], LAST_WORDS_S)
    except StoppedError as reason:
        return Ending(Status.STOPPED, str(reason))
    except _NotStartedError as reason:
        return Ending(Status.FAILED, str(reason), resumable=True)
    finally:
        theirs.close()
        ours.close()  # which the keeper takes for the command's end
        if keeper is not None:
            _join(keeper)
    if is_complete(request.scratch):  # ended by whatever, it had written everything
        return Ending(Status.FINISHED)
    if stop.is_set():
        return Ending(Status.KILLED, "interrupted", resumable=True)
    return ending or _ended_without_a_word(keeper.exitcode or 0, context, request.scratch)


def _order(request: CellRequest) -> WorkerOrder:
    """Return what the worker of an attempt is to do."""
    return WorkerOrder(
        cell=request.cell.to_json(),
        devices=devices_of(request.device),
        rank_timeout_s=RANK_TIMEOUT_S,
        plugins=request.plugins,
        scratch=str(request.scratch),
        checkpoints=str(request.checkpoints),
        checkpoint_interval_s=CHECKPOINT_INTERVAL_S,
        probes=request.probes,
        folder=str(Path.cwd()),
        environment={**ENVIRONMENT, **os.environ, **request.environment},
        worker_lock="" if request.worker_lock is None else str(request.worker_lock),
    )


def _ended_without_a_word(code: int, context: BaseContext, scratch: Path) -> Ending:
    """Return the ending of a worker that did not report one, judged by its exit status."""
    if code == SERVER_GONE and context.get_start_method() == "forkserver":
        return Ending(Status.KILLED, "the process that workers are forked from has ended", resumable=True)
    return ended_with_code(code, scratch / LOG)


def _listen(
    events: Connection,
    keeper: BaseProcess,
    on_event: Callable[[Event], None],
    stop: threading.Event,
    kept: KeptLimits,
) -> Ending | None:
    """Forward events until the worker reports its ending, or exceeds a limit; None for no ending, or on `stop`."""
    while not stop.is_set():
        ready = wait([events, keeper.sentinel], LOOK_UP_INTERVAL_S)
        if keeper.sentinel not in ready and keeper.pid and (exceeded := kept.exceeded(keeper.pid)) is not None:
            return _last_word(events) or exceeded
        if events in ready:
            try:
                message = events.recv()
            except (EOFError, OSError):
                wait([keeper.sentinel])
                return None
            except Exception as error:  # not what a reporter sends: something has written to the connection
                return Ending(Status.FAILED, f"its messages cannot be read ({in_one_line(error)})")
            if isinstance(message, Ended):
                return message.ending
            if isinstance(message, PhaseStarted):
                kept.phase = message.phase
            on_event(message)
        elif ready:  # the pipe may stay open: a child that the learner forked can hold it
            return None
    return None


def _last_word(events: Connection) -> Ending | None:
    """Return an ending that was reported before its worker exceeded a limit, while this process was busy."""
    with contextlib.suppress(Exception):  # there is none that can be read
        for _ in range(MOST_WAITING):
            if not events.poll(0):
                break
            if isinstance(message := events.recv(), Ended):
                return message.ending
    return None


@contextlib.contextmanager
def _safe_path() -> Iterator[None]:
    """Keep processes that start now from importing a folder named `frontrunner` in the working directory."""
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
    """Start a process; where the fork server was just killed, retry until multiprocessing has started another.

    Raises:
        _NotStartedError: the system does not allow it.
    """
    try:
        require_short_sockets()
        start_quiet_tracker()
        for _ in range(START_TRIES):
            with contextlib.suppress(ConnectionError, EOFError):  # it ended before it was asked, or before it answered
                process.start()
                return
            time.sleep(LOOK_UP_INTERVAL_S)
        process.start()
    except OSError as error:
        raise _NotStartedError(f"its process could not be started {because(error)}") from error


def _context(device: str) -> BaseContext:
    """Return the multiprocessing context that workers are started with.

    Where forking is safe, a server that has imported everything forks them, which takes one second instead of six.
    """
    forks = sys.platform == "linux" and not device.startswith("cuda")
    return multiprocessing.get_context("forkserver" if forks else "spawn")


def _join(keeper: BaseProcess) -> None:
    """Wait until the keeper has ended everything of its worker, and itself."""
    if keeper.pid is None:
        return
    wait([keeper.sentinel])  # before others are kept from starting
    with _processes:
        keeper.join()
    if keeper.exitcode == SERVER_GONE:  # nobody tells of its end any more
        with contextlib.suppress(psutil.Error):
            psutil.Process(keeper.pid).wait(LAST_WORDS_S)
