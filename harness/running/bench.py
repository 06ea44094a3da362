"""Run the cells of a bench that are not settled, one at a time in each place."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...errors import ClaimedError, StoreError
from ...tasks import SUITES
from ...tasks.suite_file.file_suite import FileSuite
from ..cells.bench_file import BenchSpec
from ..cells.cell import Cell, cells_document
from ..records.parent_files import BENCH, CELLS
from ..records.status import Ending, Status
from ..records.store import Store
from .cell_limits import NO_LIMITS, CellLimits
from .executors.executor import Executor
from .executors.local import LocalExecutor
from .listener import Listener
from .misfits import find_misfits
from .open_cells import OpenCells
from .places import on_each_place
from .settle import Running, settle_held
from .settled_cell import SettledCell
from .worker_process import preload

logger = logging.getLogger("frontrunner")


@dataclass(frozen=True)
class BenchRun:
    """A bench whose cells have all been settled or attempted; its MLflow runs are still open."""

    settled: Sequence[SettledCell]
    """What became of every cell, in the bench's order."""
    parents: Mapping[str, str]
    """Id of the bench's MLflow run on every suite, by the suite's name."""

    def close(self, store: Store, ending: Ending | None = None) -> None:
        """Close the runs with `ending`; without one, as finished where all cells pass, else as failed."""
        for suite, parent in self.parents.items():
            done = all(one.ending.passes for one in self.settled if one.cell.suite == suite)
            store.end(parent, ending or Ending(Status.FINISHED if done else Status.FAILED))


def run_bench(
    spec: BenchSpec,
    store: Store,
    *,
    executor: Executor,
    plugins: Sequence[str],
    listener: Listener,
    again: bool = False,
    limits: CellLimits = NO_LIMITS,
) -> BenchRun:
    """Run the cells that are not settled; where one fails, its reason is recorded and the others go on.

    Cells that are known not to fit their suite's architecture, or by estimate the memory of this machine's devices, are
    recorded first; one that needs more than is free now is warned of. Cells that another process works on
    come last; then its results are waited for.

    Args:
        spec: the bench; its names and values are checked before anything is recorded.
        store: the store in which finished cells are looked up and new ones recorded.
        executor: runs the cells; it is opened here, and the caller closes it.
        plugins: files that every worker loads, beside the suite files of the bench.
        listener: receives the events of every cell.
        again: whether to run settled cells anew.
        limits: what one attempt at a cell may take.
    """
    cells = spec.cells()
    attempts = store.attempts()  # with `again` too: a store on a server then knows what there was, should it go away
    done = {} if again else {one.cell.key: one.status for one in attempts if one.status.settled}
    misfits = _found_not_to_run([cell for cell in cells if cell.key not in done], executor)
    running = Running(
        executor, [*plugins, *spec.suite_files], probes=spec.probes, again=again, limits=limits, misfits=misfits
    )
    n_to_run = sum(cell.key not in done and cell.key not in misfits for cell in cells)
    preload((cell.suite for cell in cells), (cell.method for cell in cells))
    places = executor.open(n_to_run)
    parents = _open_parents(spec, cells, store)
    todo = OpenCells(sorted(cells, key=lambda cell: cell.key not in misfits), store, listener)
    settled: dict[str, SettledCell] = {}

    def serve(place: str, stop: threading.Event) -> None:
        with store.patience.ending_with(stop):
            while (held := todo.take(stop)) is not None:
                parent = parents[held.cell.suite]
                try:
                    ended = settle_held(held, store, parent, place=place, running=running, stop=stop, listener=listener)
                except ClaimedError:
                    todo.put_back(held.cell)
                    continue
                settled[ended.cell.key] = dataclasses.replace(ended, finished=None)  # the listener was given it

    try:
        on_each_place(places, serve)
    except BaseException as error:
        _close_after(error, parents, store)
        if isinstance(error, StoreError):
            became = {**done, **{key: one.ending.status for key, one in settled.items()}}
            raise type(error)(f"{error}; {_told([became.get(cell.key) for cell in cells])}") from error
        raise
    return BenchRun([settled[cell.key] for cell in cells], parents)


def _told(became: Sequence[Status | None]) -> str:
    """Return how far a bench has come that ends with an error, given what became of each cell, by whatever command."""
    n_finished = sum(status is Status.FINISHED for status in became)
    return f"{n_finished} of {len(became)} cells finished, and the same command goes on with the rest"


def _close_after(error: BaseException, parents: Mapping[str, str], store: Store) -> None:
    """Close the runs of a bench that an error ends, with its reason, as far as the store can be written."""
    failed = Ending(Status.FAILED, str(error)) if isinstance(error, StoreError) else None
    with store.patience.lost(), contextlib.suppress(StoreError):
        BenchRun([], parents).close(store, failed or Ending(Status.KILLED, "interrupted"))


def _found_not_to_run(cells: Sequence[Cell], executor: Executor) -> dict[str, Ending]:
    """Return how cells end, by key, that do not fit an architecture or this machine; warn of what may not."""
    found = find_misfits(cells)
    of_files = any(issubclass(SUITES.get(cell.suite), FileSuite) for cell in cells)
    if of_files and isinstance(executor, LocalExecutor):  # of another machine's memory nothing is known
        from .memory_check import hold_against_memory  # what it imports takes a while

        memory = hold_against_memory((cell for cell in cells if cell.key not in found), executor.devices)
        for warning in memory.warnings:
            logger.warning(warning)
        found |= memory.refused
    return found


def _open_parents(spec: BenchSpec, cells: Sequence[Cell], store: Store) -> dict[str, str]:
    """Open the bench's MLflow run on every suite, and return their ids by the suite's name."""
    digest = _digest(spec.name, cells)
    parents = {}
    for suite in dict.fromkeys(cell.suite for cell in cells):
        mine = cells_document(cell for cell in cells if cell.suite == suite)
        documents = {CELLS: mine, BENCH: spec.model_dump()}
        parents[suite] = store.parent_run("bench", suite, spec.name, digest, documents)
    return parents


def _digest(name: str, cells: Sequence[Cell]) -> str:
    """Return the digest of a bench; a bench of the same name and cells is the same one, resumed."""
    return hashlib.sha256("/".join([name, *sorted(cell.key for cell in cells)]).encode()).hexdigest()[:16]
