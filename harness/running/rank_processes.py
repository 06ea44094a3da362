"""The further processes of a fit on several devices, as its first process starts and orders them."""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import Connection
from typing import Any

from ...errors import DataError
from ...methods.probe import Probe
from ...methods.process_group import ProcessGroup, backend_for, listen
from ...methods.ranks import ALONE, RankGroup
from ..records.status import Ending
from . import rank_worker
from .main_hidden import main_hidden
from .rank_messages import Fitted, Order, Prepared
from .rank_watch import GRACE_S, OtherProcess, RankWatch
from .worker_order import WorkerOrder


class RankProcesses:
    """Runs the further processes of a fit, as children in this process' group: whoever ends that ends them all.

    They are forked where forking is safe, so create it while there is one thread. With one device there are none, and
    nothing here does anything.

    Args:
        told: names the devices; the first is that of this process.
        own_links: connections of this process that the others must not hold.
    """

    def __init__(self, told: WorkerOrder | None, *own_links: Connection) -> None:
        self._devices = () if told is None else told.devices
        self.count = max(1, len(self._devices))
        """How many processes make the fit, this one included."""
        self.peaks: dict[str, float] = {}
        """Memory peaks of the other devices in bytes, once the fit has ended: the highest of each measurement."""
        self._others: list[OtherProcess] = []
        self._timeout_s = 0.0 if told is None else told.rank_timeout_s
        self._watch = RankWatch(self._others, self._timeout_s)
        if told is None or self.count == 1:
            return
        self._listening = listen()
        self._port = int(self._listening.getsockname()[1])
        forks = sys.platform == "linux"
        context = multiprocessing.get_context("fork" if forks else "spawn")
        for number in range(1, self.count):
            ours, theirs = context.Pipe()
            inherited = [*own_links, *(other.link for other in self._others), ours] if forks else []
            arguments = (theirs, told, number, self._port, inherited)
            process = context.Process(target=rank_worker.main, args=arguments)  # type: ignore[attr-defined] # typeshed: on every context but the base
            with main_hidden():
                process.start()
            theirs.close()
            self._others.append(OtherProcess(number, self._devices[number], process, ours))

    @property
    def environment(self) -> Mapping[str, str]:
        """What is recorded of the processes; nothing of a single one."""
        if not self._others:
            return {}
        return {
            "devices_per_cell": str(self.count),
            "rank_devices": ", ".join(self._devices),
            "rank_backend": backend_for(self._devices),
        }

    def watch(self, end: Callable[[Ending], None]) -> None:
        """Watch the others in a thread; where one fails and this process does not end, report its ending by `end`."""
        if self._others:
            self._watch.start(end)

    def prepare(self) -> None:
        """Have the others prepare the problem."""
        self._order(Order.PREPARE)

    def require_prepared(self, digest: str) -> None:
        """Wait until the others have prepared the problem.

        Raises:
            RankError: one has failed.
            DataError: one has prepared another problem.
        """
        self._watch.await_all(Prepared)
        for other in self._others:
            if isinstance(other.said, Prepared) and other.said.digest != digest:
                raise DataError(
                    f"{other.name} has prepared other weights than the first, so they cannot make one fit; the suite "
                    "must prepare the same problem for the same seed"
                )

    @contextlib.contextmanager
    def joined(self) -> Iterator[RankGroup]:
        """Have all processes join their group and fit; give the group, and wait until all have fitted.

        Raises:
            RankError: one has failed or does not answer.
        """
        if not self._others:
            yield ALONE
            return
        self._order(Order.FIT)
        group = ProcessGroup(0, self._port, self._devices, timeout_s=self._timeout_s, listening=self._listening)
        yield group
        self._watch.await_all(Fitted, self._timeout_s)
        group.close()
        for other in self._others:
            other.process.join(GRACE_S)
            if isinstance(other.said, Fitted):
                for name, peak in other.said.peaks.items():
                    self.peaks[name] = max(self.peaks.get(name, 0.0), peak)

    def then_go_on(self, probe: Probe) -> Probe:
        """Return a probe after which the others, who wait for it, go on."""
        if not self._others:
            return probe

        def probed(step: int, total: int, partial_set: Callable[[], Any]) -> None:
            probe(step, total, partial_set)
            self._order(Order.GO_ON)

        return probed

    def ending_of(self, error: BaseException) -> Ending | None:
        """Return the ending that an error of this process tells of another; None where it is its own."""
        return self._watch.ending_of(error) if self._others else None

    @contextlib.contextmanager
    def ended(self) -> Iterator[None]:
        """Let this process alone report how the cell has ended, and end the others then."""
        with self._watch.held_back():
            yield
        for other in self._others:
            other.process.kill()

    def _order(self, order: Order) -> None:
        for other in self._others:
            with contextlib.suppress(OSError):  # it has ended, which is watched
                other.link.send(order)


NO_OTHERS = RankProcesses(None)
"""The further processes of a fit in one process."""
