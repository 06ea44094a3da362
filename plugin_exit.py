"""Turn the ways in which a plugin's code may end this process, while it is imported, into an error."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""Signals that interrupt a command, where the system has them."""


class EndedError(Exception):
    """Code that was imported was about to end this process; the message says how."""


class _NoProcessEnd(BaseException):
    """Raised in the place of `os._exit`: no code catches it by mistake, as it could not have caught that."""


@contextlib.contextmanager
def not_ending() -> Iterator[None]:
    """Import third-party code within this context: where it would end the process, `EndedError` is raised instead.

    That is `sys.exit`, SystemExit, `os._exit`, and KeyboardInterrupt where no signal has come; a signal from outside
    interrupts as ever. A process that the code has forked may end as it likes. What a library in C does (`abort`, a
    segmentation fault) ends the process with the status of a signal, which no handler prevents.
    """
    process, real = os.getpid(), os._exit
    active = True

    def refuse(status: int) -> NoReturn:
        if not active or os.getpid() != process:  # kept by the code and called later, or in a process of its own
            real(status)
        raise _NoProcessEnd(f"os._exit({status})")

    os._exit = refuse
    try:
        with _signals_noted() as came:
            try:
                yield
            except SystemExit as error:
                raise EndedError(f"it ends the process ({error})") from error
            except _NoProcessEnd as error:
                raise EndedError(f"it ends the process ({error})") from error
            except KeyboardInterrupt as error:
                if came:
                    raise
                raise EndedError("it ends the process (KeyboardInterrupt)") from error
    finally:
        active = False
        os._exit = real


@contextlib.contextmanager
def _signals_noted() -> Iterator[list[int]]:
    """Yield a list of the signals that interrupt this process within the context, in the main thread."""
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield came  # no signal raises here
        return

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)
        signal.default_int_handler(number, frame)

    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    noted = [number for number in numbers if signal.getsignal(number) is signal.default_int_handler]
    for number in noted:
        signal.signal(number, note)
    try:
        yield came
    finally:
        for number in noted:
            if signal.getsignal(number) is note:
                signal.signal(number, signal.default_int_handler)
