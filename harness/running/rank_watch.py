"""Watching the further processes of a fit: what they say, that they end, and what that means for the cell."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from ...errors import RankError
from ..records.status import Ending, Status
from .ended_with_code import by_signal
from .rank_messages import Failed, Fitted, Prepared

GRACE_S = 3.0
"""Seconds that the first process has to end by itself once another has failed, and that failures are awaited for."""


@dataclass(eq=False)
class OtherProcess:
    """A process of a fit other than the first, and the last that it has said."""

    number: int
    """From 1."""
    device: str
    """Its torch device."""
    process: BaseProcess
    """The process itself."""
    link: Connection
    """The first's end of the connection between them."""
    said: Prepared | Fitted | Failed | None = None
    """Its last message."""
    ended: bool = False
    """Whether it has ended."""

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"process {self.number} of the fit ({self.device})"

    @property
    def is_lost(self) -> bool:
        """Whether it has ended without a word about how."""
        return self.ended and not isinstance(self.said, (Fitted, Failed))


class RankWatch:
    """Listens to the others in a thread of the first process, and ends the cell where that does not.

    Args:
        others: the processes.
        timeout_s: seconds after which one that does not answer is given up.
    """

    def __init__(self, others: Sequence[OtherProcess], timeout_s: float) -> None:
        self._others = others
        self._timeout_s = timeout_s
        self._changed = threading.Condition(threading.RLock())
        self._over = False

    def start(self, end: Callable[[Ending], None]) -> None:
        """Watch from now on; where another fails and this process does not end, report by `end` and end it."""
        threading.Thread(target=self._watch, args=(end,), daemon=True).start()

    def await_all(self, expected: type[Prepared | Fitted], timeout_s: float | None = None) -> None:
        """Wait until all others have said something of a kind.

        Raises:
            RankError: one has failed, or does not in that time.
        """

        def all_said() -> bool:
            return all(isinstance(other.said, expected) for other in self._others)

        with self._changed:
            self._changed.wait_for(lambda: self._failure() is not None or all_said(), timeout_s)
            if not all_said():
                raise RankError("another process of this fit has failed or does not answer")

    def ending_of(self, error: BaseException) -> Ending | None:
        """Return the ending that an error of this process tells of another; None where it is its own.

        The sum that fails tells little: who has failed, and why, is awaited for a moment.
        """
        with self._changed:
            self._over = True  # this process reports how the cell ends
            if not isinstance(error, RankError):
                return None
            self._changed.wait_for(lambda: self._failure() is not None, GRACE_S)
            return self._failure() or self._given_up(
                [other.name for other in self._others if not isinstance(other.said, Failed)]
            )

    @contextlib.contextmanager
    def held_back(self) -> Iterator[None]:
        """Report no ending any more: this process does."""
        with self._changed:
            self._over = True
            yield

    def _watch(self, end: Callable[[Ending], None]) -> None:
        sources: dict[Any, OtherProcess] = {other.link: other for other in self._others}
        sources |= {other.process.sentinel: other for other in self._others}
        deadline: float | None = None
        while sources or deadline is not None:
            pause_s = None if deadline is None else max(0.0, deadline - time.monotonic())
            for ready in wait(list(sources), pause_s):
                other = sources[ready]
                if ready is other.link:
                    if not self._hear(other):
                        del sources[ready]
                else:
                    del sources[ready]
                    self._note_end(other)
            if deadline is None and any(isinstance(one.said, Failed) or one.is_lost for one in self._others):
                deadline = time.monotonic() + GRACE_S
            if deadline is not None and time.monotonic() >= deadline:
                self._end(end)
                return

    def _hear(self, other: OtherProcess) -> bool:
        """Take in a message of a process; return False where there is none left."""
        with self._changed:
            try:
                if not other.link.poll():
                    return False
                other.said = other.link.recv()
            except (EOFError, OSError):
                return False
            self._changed.notify_all()
            return True

    def _note_end(self, other: OtherProcess) -> None:
        while self._hear(other):  # its last words
            pass
        with self._changed:
            other.ended = True
            self._changed.notify_all()

    def _end(self, end: Callable[[Ending], None]) -> None:
        """End this process, which waits for another or hangs, unless it reports an ending itself."""
        with self._changed:
            if self._over:
                return
            end(self._failure() or self._given_up(["the first process of the fit"]))
            os._exit(1)

    def _failure(self) -> Ending | None:
        """Return how the first of the others has failed by itself; None where none has."""
        for other in self._others:
            if isinstance(other.said, Failed) and not other.said.of_another:
                ending = other.said.ending
                return dataclasses.replace(ending, reason=f"{other.name}: {ending.reason}")
            if other.is_lost:
                code = other.process.exitcode or 0
                if code >= 0:
                    return Ending(Status.FAILED, f"{other.name} ended with status {code}")
                return Ending(Status.KILLED, f"{other.name} {by_signal(-code)}", resumable=True)
        return None

    def _given_up(self, silent: Sequence[str]) -> Ending:
        """Return the ending of a fit some of whose processes have not answered in time."""
        who = " and ".join(silent) or "a process of the fit"
        return Ending(Status.FAILED, f"{who} did not answer within {self._timeout_s:g} s", resumable=True)
