"""Wait while another process has locked a database, as a backup or a suspended command does.

Importing this module imports nothing heavy.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

from ...errors import StoreError
from ...one_line import as_one_line
from ...os_errors import causes

LIMIT_S = 15 * 60.0
"""Seconds to wait for a locked database before that is an error."""
TRY_AGAIN_S = 0.5
"""Seconds between two tries; each waits for the lock itself, for seconds."""

P = ParamSpec("P")
R = TypeVar("R")


def say_on_standard_error(sentence: str) -> None:
    """Print a note of one line, beside what a command prints."""
    sys.stderr.write(f"note: {as_one_line(sentence)}\n")
    sys.stderr.flush()


class Patience:
    """Calls functions that use a database again for as long as another process has locked it.

    Args:
        what: the database in words, such as `the database of the store in /data/mlruns`.
        limit_s: seconds to wait; `LIMIT_S` when None.
        say: told once, when a wait begins, for what and for how long at most.
    """

    def __init__(
        self, what: str, *, limit_s: float | None = None, say: Callable[[str], None] = say_on_standard_error
    ) -> None:
        self._what = what
        self.limit_s = LIMIT_S if limit_s is None else limit_s
        self.say = say
        self._own = _OfThread()
        self._lock = threading.Lock()
        self._waiting = 0
        self._locked = False  # as the last call has found it

    def call(self, function: Callable[P, R], /, *args: P.args, **keys: P.kwargs) -> R:
        """Return what a function returns once the database is free; it must change nothing where it fails.

        Raises:
            StoreError: the database was still locked after `limit_s`.
            Exception: what the function raises, also that the database is locked where this thread may not wait.
        """
        if self._own.calling:  # an outer call begins the whole transaction again
            return function(*args, **keys)
        if self._locked and self._own.stop.is_set():  # another try would take MLflow twenty seconds
            raise StoreError(f"another process has locked {self._what}")
        with contextlib.ExitStack() as said:
            start, n_tries = time.monotonic(), 0
            while True:
                self._own.calling = True
                try:
                    found = function(*args, **keys)
                    self._locked = False
                    return found
                except Exception as error:
                    self._locked = is_locked(error)
                    if not self._locked:
                        raise
                    if n_tries == 0 and not self._own.stop.is_set():
                        said.enter_context(self._said())
                    if time.monotonic() - start >= self.limit_s:
                        raise StoreError(
                            f"another process has locked {self._what} for {_as_minutes(self.limit_s)}; end that "
                            "process, then run the same command again"
                        ) from error
                    self._own.stop.wait(min(TRY_AGAIN_S, self.limit_s / 4))
                    if self._own.stop.is_set():
                        raise
                finally:
                    self._own.calling = False
                n_tries += 1

    @contextlib.contextmanager
    def ending_with(self, stop: threading.Event) -> Iterator[None]:
        """Let this thread not wait any longer once `stop` is set."""
        before, self._own.stop = self._own.stop, stop
        try:
            yield
        finally:
            self._own.stop = before

    @contextlib.contextmanager
    def lost(self) -> Iterator[None]:
        """Let this thread not wait at all: for what is written on the way out of an error."""
        stop = threading.Event()
        stop.set()
        with self.ending_with(stop):
            yield

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        """Say that a wait has begun, unless another thread has and still waits."""
        with self._lock:
            self._waiting += 1
            if self._waiting == 1:
                self.say(f"another process has locked {self._what}; waiting for up to {_as_minutes(self.limit_s)}")
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1


class Patient:
    """An object whose public methods are called with patience; everything else is the object's own."""

    def __init__(self, wrapped: Any, patience: Patience) -> None:
        self._wrapped = wrapped
        self._patience = patience

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._wrapped, name)
        return found if name.startswith("_") or not callable(found) else functools.partial(self._patience.call, found)


class _OfThread(threading.local):
    """What one thread is doing."""

    calling = False
    """Whether it is within a call."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        """Ends its waits once it is set."""


def is_locked(error: BaseException | None) -> bool:
    """Return whether an error, or one that it came from, is SQLite's that another process has locked the database."""
    return any("database is locked" in str(one) for one in causes(error))


def _as_minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.3g} seconds"
