"""Publish the results of cells and benches: scores and notes on their MLflow runs, pictures beside their files.

All of this happens outside the threads that serve devices: one thread scores cells as they finish, one process draws
pictures, and a bench is summarised at its end. (Only a trial of a study waits for its own scores.)
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import queue
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from filelock import Timeout

from ...errors import ClaimedError, ServerAwayError, StoreError
from ..cells.bench_file import BenchSpec
from ..cells.cell import Cell
from ..records.finished_cell import is_complete
from ..records.status import Ending, Status
from ..records.store import Store
from ..records.unrecorded import LeftBehind, record_all_left_behind, record_if_free
from ..running.bench import BenchRun, run_bench
from ..running.cell_limits import NO_LIMITS, CellLimits
from ..running.executors.executor import Executor
from ..running.listener import ForwardingListener, Listener
from ..running.reason import in_one_line
from ..running.settled_cell import SettledCell
from ..running.unfailing_listener import UnfailingListener
from ..scoring.scores import own_indicators
from .bench_summary import summarise
from .cell_pictures import CellPictures
from .drawing import DrawingProcess, why_not_drawn
from .publish_cell import publish_ending, publish_scores

DAMAGED = Ending(Status.FAILED, "its result was damaged while it waited to be recorded")
DELIVER_AGAIN_S = 15.0
"""Seconds between two tries to record results that wait for a server."""


class Publisher:
    """Publishes settled cells while others run; leaving the context waits until all of them are published.

    Args:
        store: the store that the cells are recorded in.
        scores: whether to score the cells; a study scores them itself, before it publishes their pictures.

    Raises:
        ConfigError: a registered indicator cannot be made, which would else be found after the first cell.
    """

    def __init__(self, store: Store, *, scores: bool = True) -> None:
        own_indicators()  # makes all of them, and raises where one cannot be made
        self._store = store
        self._scores = scores
        self._waiting: dict[str, Cell] = {}
        self.delivered: dict[str, SettledCell] = {}
        """By key: cells whose result could be recorded only after they had been settled; complete after the context."""
        self._todo: queue.SimpleQueue[SettledCell | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="publisher", daemon=True)
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._drawn: list[tuple[SettledCell, Future[None]]] = []
        self.drawing = DrawingProcess()
        """The process that draws the pictures."""
        self.notes: list[str] = []
        """One sentence for each score or picture that failed (results are recorded); complete after the context."""

    def __enter__(self) -> Self:
        self.drawing.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._stop.set()
        try:
            self.finish_scores()
        finally:
            self.drawing.__exit__(kind, error, trace)
        self._show_drawn()
        if self._error is not None and error is None:
            raise self._error

    def _show_drawn(self) -> None:
        """Have MLflow show the pictures that were drawn; note those that were not."""
        for settled, future in self._drawn:
            what = f"the picture of {settled.cell.title}"
            if note := why_not_drawn(what, future):
                self.notes.append(note)
                continue
            try:
                with self._store.patience.lost():
                    self._store.show_files(settled.run_id, settled.cell.suite)
            except StoreError as error:
                self.notes.append(f"{what} is not shown: {error}")

    def publish(self, settled: SettledCell) -> None:
        """Queue one cell to be published; ignore one that an earlier command had recorded."""
        if settled.ran or settled.finished is not None:
            self._todo.put(settled)

    def finish_scores(self) -> None:
        """Wait until every queued cell is scored; nothing can be published afterwards."""
        if self._thread.is_alive():
            self._todo.put(None)
            self._thread.join()

    def _serve(self) -> None:
        """Publish queued cells until `None` comes; keep the first error for the end of the context."""
        with self._store.patience.ending_with(self._stop):
            while True:
                with contextlib.suppress(queue.Empty):
                    settled = self._todo.get(timeout=DELIVER_AGAIN_S if self._waiting else None)
                    if settled is None:
                        self._deliver()
                        return
                    self._publish_or_note(settled)
                self._deliver()

    def _deliver(self) -> None:
        """Record the results that could not be recorded when their cells had ended, and publish them."""
        for key, cell in list(self._waiting.items()):
            try:
                found = record_if_free(self._store, cell)
            except ServerAwayError:
                return
            except (ClaimedError, Timeout):  # another machine or process works on the cell
                continue
            except BaseException as error:
                self._error = self._error or error
                return
            if found is None and is_complete(self._store.unrecorded(cell)):
                continue  # nothing has asked for it
            if found is None:
                del self._waiting[key]
                self.delivered[key] = SettledCell(cell, DAMAGED, run_id="", ran=True)
                continue
            finished = found.finished if isinstance(found, LeftBehind) else None
            settled = SettledCell(cell, Ending(Status.FINISHED), found.run_id, ran=True, finished=finished)
            del self._waiting[key]
            self.delivered[key] = dataclasses.replace(settled, finished=None)
            if finished is not None:
                self._publish_or_note(settled)

    def _publish_or_note(self, settled: SettledCell) -> None:
        try:
            self._publish(settled)
        except ServerAwayError as error:
            self.notes.append(f"what MLflow shows of {settled.cell.title} is not complete: {error}")
        except StoreError as error:
            self._error = self._error or error
        except Exception as error:  # of an indicator, a picture or MLflow: the cell is recorded all the same
            self.notes.append(f"{settled.cell.title} could not be published: {in_one_line(error)}")
        except BaseException as error:
            self._error = self._error or error

    def _publish(self, settled: SettledCell) -> None:
        if settled.ending.status is Status.UNRECORDED:
            self._waiting[settled.cell.key] = settled.cell
            return
        if settled.finished is None:
            publish_ending(self._store, settled.run_id, settled.cell, settled.ending)
            return
        self.notes += [f"{settled.cell.title}: {note}" for note in settled.finished.notes]
        # Pictures come first: another process draws them, and a front that cannot be scored can still be drawn.
        pictures = CellPictures.of(settled.finished)
        folder = self._store.files_of(settled.run_id, settled.cell.suite)
        self._drawn.append((settled, self.drawing.submit(pictures.draw, folder)))
        if self._scores:
            publish_scores(self._store, settled.run_id, settled.finished)


@dataclass(frozen=True)
class Published(ForwardingListener):
    """A `Listener` that passes all events on to another one, and publishes cells that have ended."""

    publisher: Publisher

    def ends(self, settled: SettledCell) -> None:
        """Publish the cell, and pass on that it has ended."""
        self.publisher.publish(settled)
        super().ends(settled)


def run_and_publish_bench(
    spec: BenchSpec,
    store: Store,
    *,
    executor: Executor,
    plugins: Sequence[str],
    listener: Listener,
    again: bool = False,
    limits: CellLimits = NO_LIMITS,
) -> BenchResult:
    """Run the cells of a bench that are not settled, publish each, and write the bench's summary to its runs.

    The arguments are those of `run_bench`.

    Raises:
        StoreError: the store cannot be written; cells that had finished before are recorded.
    """
    with Publisher(store) as publisher:
        heard = Published(UnfailingListener(listener), publisher)
        run = run_bench(spec, store, executor=executor, plugins=plugins, listener=heard, again=again, limits=limits)
        try:
            publisher.finish_scores()
            run = dataclasses.replace(run, settled=[publisher.delivered.get(one.cell.key, one) for one in run.settled])
            notes = _summarised(store, run, publisher)
        except BaseException:
            with store.patience.lost(), contextlib.suppress(StoreError):
                run.close(store, Ending(Status.KILLED, "interrupted"))
            raise
    return BenchResult(spec.asked_cells(), run.settled, publisher.notes + notes, run.parents)


def _summarised(store: Store, run: BenchRun, publisher: Publisher) -> list[str]:
    """Write the summary of a bench and close its runs; return what went wrong, an absent server's silence too."""
    try:
        notes = summarise(store, run, publisher.drawing)
    except ServerAwayError as error:
        notes = [f"the bench has no summary in MLflow: {error}"]
    try:
        run.close(store)
    except ServerAwayError as error:
        notes = [*notes, f"MLflow shows the bench as running: {error}"]
    return notes


def publish_left_behind(store: Store) -> list[str]:
    """Record and publish the cells that earlier commands have computed and could not record.

    Returns:
        A sentence that says how many, and one for each score or picture that failed; empty where nothing was left.

    Raises:
        StoreError: the store cannot be written.
    """
    recorded = record_all_left_behind(store)
    first = next(recorded, None)
    if first is None:
        return []
    n_recorded = 0
    with Publisher(store) as publisher:
        for one in itertools.chain([first], recorded):
            if one.finished is None:
                continue
            n_recorded += 1
            ending = Ending(Status.FINISHED)
            publisher.publish(SettledCell(one.cell, ending, one.run_id, ran=False, finished=one.finished))
    if n_recorded == 0:
        return list(publisher.notes)
    what = "the result of a cell" if n_recorded == 1 else f"the results of {n_recorded} cells"
    return [f"recorded {what} that an earlier command had computed and could not record", *publisher.notes]


@dataclass(frozen=True)
class BenchResult:
    """What became of the cells of a bench, and what could not be published of them."""

    asked: Sequence[Cell]
    """The cells of every learner under its own label, see `BenchSpec.asked_cells`."""
    settled: Sequence[SettledCell]
    """What became of every cell, in the bench's order."""
    notes: Sequence[str]
    """One sentence for each score or picture that failed, although the results are recorded."""
    parents: Mapping[str, str]
    """Id of the bench's MLflow run on every suite, by the suite's name."""
