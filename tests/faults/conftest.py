"""Cells that go wild, in real processes."""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

WILD = Path(__file__).parent / "wild_plugin.py"


@dataclass(frozen=True)
class Ran:
    """A cell of the wild learner that has ended."""

    ending: object
    log: str
    alive: list
    """Processes of the learner that live now."""
    n_processes: int


def processes_in(folder):
    """The numbers of the processes that have written themselves into a folder."""
    return [int(file.name) for file in Path(folder).iterdir() if file.name.isdecimal()]


def living_of(folder):
    return [pid for pid in processes_in(folder) if _lives(pid)]


def _lives(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Wild:
    """The learner's file, and its processes."""

    plugin = WILD
    living = staticmethod(living_of)

    @staticmethod
    def end(folder):
        for pid in living_of(folder):
            psutil.Process(pid).kill()


@pytest.fixture
def wild():
    return Wild()


@pytest.fixture(scope="module")
def wild_cell(tiny):
    """(how, folder) -> a cell; workers are forked from a server that has imported everything."""
    from frontrunner.harness.cells.make_cell import make_cell
    from frontrunner.harness.cells.plugins import load_plugins
    from frontrunner.harness.running.worker_process import preload
    from frontrunner.methods import METHODS

    load_plugins([str(WILD)])
    preload([], [])

    def cell(how, folder):
        options = {"how": how, "folder": str(folder)}
        return make_cell("wild", "tiny", tasks=None, seed=0, options=options, points_per_edge=2)

    yield cell
    del METHODS._entries["wild"]


@pytest.fixture
def run_wild(wild_cell, tiny, tmp_path, monkeypatch):
    """(how, limits=(baseline) -> limits, on_event) -> how the cell ended.

    Time begins, and the memory that `limits` is given is that of the worker, once all processes of the learner run.
    """
    from frontrunner.harness.running import worker_process
    from frontrunner.harness.running.cell_request import CellRequest
    from frontrunner.harness.running.kept_limits import KeptLimits
    from frontrunner.harness.running.process_memory import ProcessTree

    def run(how, limits=None, on_keeper=None):
        folder, scratch = tmp_path / "processes", tmp_path / "scratch"
        folder.mkdir()
        scratch.mkdir()

        class OnceReady(KeptLimits):
            ready = False

            def exceeded(self, keeper):
                if not self.ready:
                    self.ready = (folder / "ready").exists()
                    if self.ready and limits is not None:
                        self.__init__(limits(ProcessTree(below=keeper)), tmp_path / "checkpoints")
                        self.phase, self.ready = "fit", True
                    if self.ready and on_keeper is not None:
                        on_keeper(psutil.Process(keeper))
                return super().exceeded(keeper) if self.ready else None

        monkeypatch.setattr(worker_process, "KeptLimits", OnceReady)
        request = CellRequest(
            wild_cell(how, folder), "cpu", (tiny.__file__, str(WILD)), scratch, tmp_path / "checkpoints"
        )
        request = dataclasses.replace(request, worker_lock=tmp_path / "worker.lock")
        ending = worker_process.run_in_process(request, on_event=lambda _: None, stop=threading.Event())
        log = (scratch / "worker.log").read_text()
        return Ran(ending, log, living_of(folder), len(processes_in(folder)))

    yield run
    Wild.end(tmp_path / "processes")
