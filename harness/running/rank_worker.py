"""The code of every process of a fit but the first: it takes its share of the steps, and records nothing."""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from ...errors import RankError
from ...methods import Checkpoints, Context
from ...methods.process_group import ProcessGroup
from ...tasks import load_problem
from .ended_by_error import ended_by
from .load_cell import load_cell
from .meter import gpu_peaks
from .problem_digest import digest_problem
from .rank_messages import Failed, Fitted, Order, Prepared
from .set_up_device import set_up_device
from .worker_order import WorkerOrder


def main(link: Connection, order: WorkerOrder, own: int, port: int, inherited: Sequence[Connection]) -> None:
    """Fit the requested cell with the other processes, and tell the first how that ended.

    Args:
        link: to the first process; this one ends when it is closed.
        order: that of the cell.
        own: the number of this process, from 1.
        port: on which the first awaits the others.
        inherited: connections that belong to others, which a fork has copied.
    """
    for connection in inherited:
        connection.close()
    orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(link, orders), daemon=True).start()
    try:
        _fit(link, orders, order, own, port)
    except BaseException as error:
        with contextlib.suppress(Exception):  # a learner may have closed standard error
            traceback.print_exc()
        with contextlib.suppress(OSError):  # the first has ended
            link.send(Failed(ended_by(error), of_another=isinstance(error, RankError)))
        sys.exit(1)


def _read(link: Connection, orders: queue.SimpleQueue[Order]) -> None:
    """Pass on orders, and end this process once the first has ended for any reason, which closes the link."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            orders.put(link.recv())
    os._exit(1)


def _fit(link: Connection, orders: queue.SimpleQueue[Order], order: WorkerOrder, own: int, port: int) -> None:
    cell, device = load_cell(order), order.devices[own]
    set_up_device(cell, device, len(order.devices))
    _await(orders, Order.PREPARE)
    problem = load_problem(cell.suite, cell.tasks, device=device, seed=cell.seed)
    link.send(Prepared(digest_problem(problem)))
    _await(orders, Order.FIT)
    group = ProcessGroup(own, port, order.devices, timeout_s=order.rank_timeout_s)
    cuda = torch.device(device).type == "cuda"
    if cuda:
        torch.cuda.reset_peak_memory_stats(device)

    def probe(*_: object) -> None:
        # Not in the process group, which would give up after its timeout: scoring may take longer.
        _await(orders, Order.GO_ON)

    checkpoints = _OnlyRead(Path(order.checkpoints))
    context = Context(cell.seed, device, checkpoints=checkpoints, probe=probe, ranks=group)
    cell.learner().fit(problem, cell.preferences(), context)
    link.send(Fitted(gpu_peaks("fit", torch.device(device))))
    group.close()


def _await(orders: queue.SimpleQueue[Order], expected: Order) -> None:
    found = orders.get()
    if found is not expected:
        raise RankError(
            f"the first process of this fit says {found.value!r}, and this one waits for {expected.value!r}"
        )


class _OnlyRead(Checkpoints):
    """Checkpoints of the first process, which this one goes on from and does not write."""

    @property
    def due(self) -> bool:
        """Never."""
        return False

    def save(self, name: str, state: Mapping[str, Any]) -> None:
        """Save nothing."""
