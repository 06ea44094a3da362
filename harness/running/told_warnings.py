"""Pass on what this package warns of in a worker, such as a damaged entry of a cache, to whoever watches the cell."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator

from ...one_line import as_one_line

LONGEST = 500
"""Most characters of a warning that is passed on."""


@contextlib.contextmanager
def warnings_told(tell: Callable[[str], object]) -> Iterator[None]:
    """Call `tell` with every warning of this package's logger as one line, until the context ends.

    The warning is written to standard error as well, where Python writes it when nobody handles it.
    """
    logger = logging.getLogger("frontrunner")
    handlers = [_Teller(tell), *([logging.lastResort] if logging.lastResort else [])]
    for handler in handlers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            logger.removeHandler(handler)


class _Teller(logging.Handler):
    """Tells warnings, and what is worse."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Tell one warning."""
        self._tell(as_one_line(record.getMessage(), LONGEST))
