"""Leave out events of progress that come too often for what carries them."""

from __future__ import annotations

import time

from .worker_events import Event, Progressed


class ThinnedProgress:
    """Tells which events to send: all but progress that comes sooner than `interval_s` seconds after the one before.

    The last step of an activity is always sent.
    """

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._sent = 0.0

    def passes(self, event: Event) -> bool:
        """Return whether to send an event, which counts as sent then."""
        now = time.monotonic()
        if isinstance(event, Progressed) and now - self._sent < self._interval_s and event.step != event.total:
            return False
        self._sent = now
        return True
