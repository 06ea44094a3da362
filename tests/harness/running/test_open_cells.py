"""Cells that other processes work on come last."""

import threading

import pytest
from filelock import FileLock

from frontrunner.harness.running import open_cells
from frontrunner.harness.running.open_cells import OpenCells


class Ears:
    """A listener that is told who waits."""

    def __init__(self):
        self.waited = []

    def waits(self, cell):
        self.waited.append(cell.seed)


@pytest.fixture
def opened(store, make_cell, monkeypatch):
    """(n) -> open cells of seeds 0 to n, their listener, and the locks that another process would take."""
    monkeypatch.setattr(open_cells, "LOOK_AGAIN_S", 0.02)

    def make(n):
        cells = [make_cell(seed=seed) for seed in range(n)]
        ears = Ears()
        locks = [FileLock(store.folder / "locks" / f"{cell.key}.lock", thread_local=False) for cell in cells]
        return OpenCells(cells, store, ears), ears, locks

    return make


def taken(todo, stop=None):
    held = todo.take(stop or threading.Event())
    if held is None:
        return None
    held.lock.release()
    return held.cell.seed


def test_free_cells_are_given_out_before_those_that_others_hold(opened):
    todo, ears, locks = opened(4)
    locks[0].acquire()
    locks[2].acquire()
    assert [taken(todo), taken(todo)] == [1, 3]
    assert ears.waited == []
    threading.Timer(0.2, locks[2].release).start()
    assert taken(todo) == 2
    assert ears.waited == [0, 2]  # once each
    locks[0].release()
    assert [taken(todo), taken(todo)] == [0, None]


def test_a_cell_that_was_given_out_is_held(opened):
    todo, _, locks = opened(2)
    held = todo.take(threading.Event())
    assert not can_be_had(locks[0])
    held.lock.release()
    assert can_be_had(locks[0])


def can_be_had(lock):
    try:
        lock.acquire(timeout=0)
    except TimeoutError:
        return False
    lock.release()
    return True


def test_a_stop_ends_the_wait(opened):
    todo, _, locks = opened(1)
    locks[0].acquire()
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    assert todo.take(stop) is None
    locks[0].release()


def test_threads_share_the_cells(opened):
    todo, _, _ = opened(50)
    seen = []

    def serve():
        while (seed := taken(todo)) is not None:
            seen.append(seed)

    threads = [threading.Thread(target=serve) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(50))
