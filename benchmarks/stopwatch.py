"""Keep the seconds between the events of cells, by part of a cell."""

import time
from collections import defaultdict

from frontrunner.harness.records.status import Status
from frontrunner.harness.running.worker_events import PhaseStarted, Progressed


class Stopwatch:
    """A `Listener` that keeps the seconds between the events it receives, by part of a cell.

    A cell's parts are `start`, the phases of its process, and `record`.

    Args:
        before: the part that lasts until the first cell begins.
        after: the part that begins when a cell has ended.
    """

    def __init__(self, *, before, after):
        self.after = after
        self.part = before
        self.seconds = defaultdict(list)
        self.last = time.perf_counter()

    def lap(self, part):
        """Keep the seconds of the part that ends now, and begin another."""
        now = time.perf_counter()
        self.seconds[self.part].append(now - self.last)
        self.last, self.part = now, part

    def begins(self, cell, device):
        self.lap("start")

    def waits(self, cell):
        pass

    def reports(self, cell, event):
        if isinstance(event, PhaseStarted):
            self.lap(event.phase)
        elif isinstance(event, Progressed) and event.activity == "evaluate" and event.step == event.total:
            self.lap("record")

    def ends(self, settled):
        assert settled.ending.status is Status.FINISHED, settled.ending
        self.lap(self.after)
