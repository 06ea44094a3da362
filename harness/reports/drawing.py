"""Draw pictures in a separate process, so that no thread that serves a device waits for matplotlib."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from types import TracebackType
from typing import Any, Self

from ...one_line import as_one_line
from ..running.main_hidden import main_hidden
from ..running.quiet_tracker import start_quiet_tracker

NICENESS = 10
"""Niceness of the process, so that cells get the processor first."""


class DrawingProcess:
    """A process that draws pictures one after the other; it starts with the first.

    Leaving the context waits for all pictures; an error that leaves it cancels those that have not begun.
    """

    def __init__(self) -> None:
        self._executor: Executor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._executor is not None:
            processes = list((getattr(self._executor, "_processes", None) or {}).values())
            try:
                self._executor.shutdown(wait=True, cancel_futures=kind is not None)
            except BaseException:  # a second Ctrl-C: the executor would not end its process, for which Python waits
                for process in processes:
                    process.kill()
                raise

    def submit(self, draw: Callable[..., None], *arguments: Any) -> Future[None]:
        """Call `draw(*arguments)` in the process, to which both are sent by pickle, and return its future.

        Where the process has been killed, a new one takes its place.
        """
        with _sigint_blocked(), main_hidden():  # the process is started here, and inherits that
            if self._executor is not None:
                with contextlib.suppress(BrokenExecutor):
                    return self._executor.submit(draw, *arguments)
            self._executor = make_executor()
            return self._executor.submit(draw, *arguments)


def why_not_drawn(what: str, future: Future[None]) -> str:
    """Return why a picture is missing; empty where it was drawn or cancelled."""
    if future.cancelled():
        return ""
    error = future.exception()
    return (
        "" if error is None else f"{what} could not be drawn ({as_one_line(f'{type(error).__name__}: {error}', 500)})"
    )


def make_executor() -> Executor:
    """Return an executor with one new process, which imports neither torch nor MLflow unless it needs them."""
    start_quiet_tracker()  # its queues have semaphores
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=context, initializer=_set_up)


@contextlib.contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Block SIGINT in this thread and in processes that it starts, where the operating system can."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _set_up() -> None:
    """Have this process ignore Ctrl-C, yield the processor to cells, and end once its parent has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Wait until the parent has ended, then end this process."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
