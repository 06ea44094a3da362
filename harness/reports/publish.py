"""Publish what cells and benches have found: scores and notes on their runs in MLflow, pictures beside their files.

All of it happens outside the threads that serve devices: scores in a thread of their own as cells finish, pictures in
a process of their own, the summary of a bench at its end.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from ...errors import FrontrunnerError, StoreError
from ..cells.bench_file import BenchSpec
from ..cells.cell import Cell
from ..records.status import Ending, Status
from ..records.store import Store
from ..running.bench import run_bench
from ..running.settle import Listener, SettledCell
from ..running.worker_events import Event
from .bench_summary import summarise
from .cell_pictures import CellPictures
from .drawing import DrawingProcess
from .publish_cell import publish_ending, publish_scores


class Publisher:
    """Publishes settled cells while others run; leaving the context waits until all of them are published.

    Args:
        store: where the cells are recorded.
        scores: whether to score them; a study has done so already when it asks for their pictures.
    """

    def __init__(self, store: Store, *, scores: bool = True) -> None:
        self._store = store
        self._scores = scores
        self._todo: queue.SimpleQueue[SettledCell | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="publisher", daemon=True)
        self._error: BaseException | None = None
        self._drawn: list[tuple[str, Future[None]]] = []
        self.drawing = DrawingProcess()
        self.notes: list[str] = []
        """What could not be shown though every result is recorded, a sentence each; complete once the context ends."""

    def __enter__(self) -> Self:
        self.drawing.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish_scores()
        self.drawing.__exit__(kind, error, trace)
        self.notes += [note for what, future in self._drawn if (note := _why_not_drawn(what, future))]
        if self._error is not None and error is None:
            raise self._error

    def publish(self, settled: SettledCell) -> None:
        """Publish one cell, soon; nothing for one that an earlier command had settled."""
        if settled.ran:
            self._todo.put(settled)

    def finish_scores(self) -> None:
        """Wait until every cell given so far is scored; nothing more can be published after it."""
        if self._thread.is_alive():
            self._todo.put(None)
            self._thread.join()

    def _serve(self) -> None:
        while (settled := self._todo.get()) is not None:
            try:
                self._publish(settled)
            except FrontrunnerError as error:
                if isinstance(error, StoreError):
                    self._error = self._error or error
                else:
                    self.notes.append(f"{settled.cell.title} could not be scored: {error}")
            except BaseException as error:
                self._error = self._error or error

    def _publish(self, settled: SettledCell) -> None:
        if settled.finished is None:
            publish_ending(self._store, settled.run_id, settled.cell, settled.ending)
            return
        # Pictures first: they are drawn beside, and a front that cannot be scored can still be looked at.
        pictures = CellPictures.of(settled.finished)
        folder = self._store.files_of(settled.run_id, settled.cell.suite)
        self._drawn.append((settled.cell.title, self.drawing.submit(pictures.draw, folder)))
        if self._scores:
            publish_scores(self._store, settled.run_id, settled.finished)


@dataclass(frozen=True)
class Published:
    """A `Listener` that passes everything on and has ended cells published."""

    listener: Listener
    publisher: Publisher

    def begins(self, cell: Cell, device: str) -> None:
        """Pass it on."""
        self.listener.begins(cell, device)

    def waits(self, cell: Cell) -> None:
        """Pass it on."""
        self.listener.waits(cell)

    def reports(self, cell: Cell, event: Event) -> None:
        """Pass it on."""
        self.listener.reports(cell, event)

    def ends(self, settled: SettledCell) -> None:
        """Have the cell published, and pass it on."""
        self.publisher.publish(settled)
        self.listener.ends(settled)


def run_and_publish_bench(
    spec: BenchSpec, store: Store, *, devices: Sequence[str], plugins: Sequence[str], listener: Listener
) -> BenchResult:
    """Run what is not settled of a bench, publish every cell, and summarise the bench on its runs.

    Arguments are those of `run_bench`.

    Raises:
        StoreError: the store cannot be written; what was computed until then is recorded.
    """
    with Publisher(store) as publisher:
        run = run_bench(spec, store, devices=devices, plugins=plugins, listener=Published(listener, publisher))
        try:
            publisher.finish_scores()
            summarise(store, run, publisher.drawing)
        except BaseException:
            with contextlib.suppress(StoreError):
                run.close(store, Ending(Status.KILLED, "interrupted"))
            raise
        run.close(store)
    return BenchResult(run.settled, publisher.notes)


@dataclass(frozen=True)
class BenchResult:
    """What became of a bench."""

    settled: Sequence[SettledCell]
    """Its cells, in its order."""
    notes: Sequence[str]
    """What could not be shown though every result is recorded, a sentence each."""


def _why_not_drawn(what: str, future: Future[None]) -> str:
    """Say why a picture is missing; empty where it is there, or was given up."""
    if future.cancelled():
        return ""
    error = future.exception()
    return "" if error is None else f"the picture of {what} could not be drawn ({type(error).__name__}: {error})"
