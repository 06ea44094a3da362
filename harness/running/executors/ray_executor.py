"""Run cells as tasks of Ray, on this machine or on a cluster."""

from __future__ import annotations

import contextlib
import dataclasses
import pickle
import queue
import sys
import threading
import uuid
from collections.abc import Sequence
from typing import Any

from ....one_line import as_one_line
from ...cells.environment import versions
from ...records.run_files import LOG
from ...records.status import Ending, Status
from ..cell_request import CellRequest
from ..reason import in_one_line
from ..worker_events import Queued
from ..worker_process import StoppedError
from .cell_resources import CellResources, require_here
from .executor import MAX_RETRIES, MOST_PLACES, Executor, OnEvent
from .ray_cluster import CellNeeds, connect, handlers_kept, require_address, require_node, require_ray
from .ray_mailbox import RayMailbox
from .ray_task import (
    ATTEMPT,
    TOKEN,
    CellKilledError,
    RayDelivery,
    deliver,
    finished_attempt,
    last_attempt,
    run_cell_task,
)
from .told_losses import ToldLosses

LOOK_UP_INTERVAL_S = 0.3
"""Seconds after which it is looked again whether a cell has reported something or ended."""
LOST_BY_RAY = "the process that Ray runs it in was lost"
"""Why a start was lost that has not said so itself."""
LAST_WORDS_S = 15.0
"""Seconds a cell that is to stop has for it; what goes on after them ends with the command."""


class RayExecutor(Executor):
    """Runs cells as tasks of Ray, which chooses the node of each and starts it again where that is lost.

    Args:
        address: of a running cluster, `auto` or `HOST:PORT`; None to start one on this machine for the command.
        kind: `auto`, `cpu` or `cuda`.
        cpus: CPUs of a cell.
        gpus: GPUs of a cell, or a fraction of one; None for one where a node has any and `kind` is not `cpu`.
        memory_bytes: memory of a cell; None to ask for none.
    """

    def __init__(
        self, *, address: str | None, kind: str, cpus: float, gpus: float | None, memory_bytes: int | None
    ) -> None:
        CellResources(kind, cpus, gpus)  # refuses what no node could give
        self._address = address
        self._needs = CellNeeds(cpus, gpus or 0.0, memory_bytes)
        self._gpus_open = gpus is None and kind != "cpu"
        self._kind = kind
        self._starting = threading.Lock()
        self._ray: Any = None
        self._ours = False
        self._n_places = 1
        self._mailbox: Any = None
        self._heard: dict[str, queue.SimpleQueue[bytes]] = {}
        self._taking = threading.Lock()
        self._closed = threading.Event()

    def require_ready(self) -> None:
        """Raise ConfigError where Ray is not installed, its address is none, or this machine could not run such a cell.

        A cluster that is named is not asked; one that is yet to start has no more than this machine.
        """
        require_ray()
        if self._address is not None:
            require_address(self._address)
        elif "ray" not in sys.modules or not sys.modules["ray"].is_initialized():
            require_here(self._needs.cpus, 1.0 if self._gpus_open and self._kind == "cuda" else self._needs.gpus)

    def open(self, n_cells: int) -> Sequence[str]:
        """Connect to the cluster if there is a cell to run, and return as many places as it has room for cells."""
        if n_cells:
            self._started()
        return ["ray"] * max(1, min(n_cells, self._n_places, MOST_PLACES))

    def run(self, request: CellRequest, *, on_event: OnEvent, stop: threading.Event) -> Ending:
        """Run the cell as a task; its files come through a shared file system, or else with the task's result."""
        ray = self._started()
        ticket = uuid.uuid4().hex
        (request.scratch / TOKEN).write_text(ticket, encoding="utf-8")
        self._heard[ticket] = queue.SimpleQueue()
        task = self._submitted(ray, request, ticket)
        told = ToldLosses(on_event, unseen=LOST_BY_RAY, most=MAX_RETRIES)
        gave_up = False
        try:
            on_event(Queued())
            delivery = self._wait(ray, task, ticket, told, stop)
            if delivery is None:
                before = finished_attempt(request.scratch)  # the task may still be sending its last words
                if before is None:
                    return Ending(Status.KILLED, "interrupted", resumable=True)
                delivery = RayDelivery(Ending(Status.FINISHED), before.name)
        except StoppedError as reason:
            self._stop(ray, task, ticket)
            return Ending(Status.STOPPED, str(reason))
        except ray.exceptions.RayError as error:
            before = finished_attempt(request.scratch)
            n_starts = len(list(request.scratch.glob(f"{ATTEMPT}*")))
            ending = _ending_of(error, n_starts) if before is None else Ending(Status.FINISHED)
            gave_up = ending.status in (Status.KILLED, Status.OUT_OF_MEMORY)
            folder = last_attempt(request.scratch) if before is None else before.name
            delivery = RayDelivery(ending, folder)
        finally:
            del self._heard[ticket]
        deliver(delivery, request.scratch)
        told.note_in(request.scratch / LOG, gave_up=gave_up)
        return delivery.ending

    def close(self) -> None:
        """Disconnect, which ends whatever still runs, and end a cluster that was started for the command."""
        self._closed.set()
        if self._ray is not None and self._ours:
            with handlers_kept():
                self._ray.shutdown()

    def _started(self) -> Any:
        """Return the module `ray`, connected; that what a cell asks for is to be had has been found by then."""
        with self._starting:
            ray = self._connected()
            if self._mailbox is None:
                from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

                here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
                mailbox = ray.remote(RayMailbox).options(num_cpus=0, max_restarts=-1, scheduling_strategy=here)
                self._mailbox = mailbox.remote()
                threading.Thread(target=self._fetch, args=(ray,), daemon=True).start()
            return ray

    def _connected(self) -> Any:
        """Return the module `ray`, connected; that a node can run such a cell has been found by then."""
        if self._ray is None:
            ray, self._ours = connect(self._address)
            self._ray = ray
            nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
            if self._gpus_open and (self._kind == "cuda" or any(node.get("GPU") for node in nodes)):
                self._needs = dataclasses.replace(self._needs, gpus=1.0)
            self._n_places = require_node(self._needs, nodes)
        return self._ray

    def _submitted(self, ray: Any, request: CellRequest, ticket: str) -> Any:
        """Submit the cell as a task and return Ray's reference of its `RayDelivery`."""
        needs = self._needs
        memory = {} if needs.memory_bytes is None else {"memory": needs.memory_bytes}
        task = ray.remote(run_cell_task).options(
            num_cpus=needs.cpus,
            num_gpus=needs.gpus,
            max_retries=MAX_RETRIES,
            retry_exceptions=[CellKilledError],
            name=request.cell.title,
            **memory,
        )
        request = dataclasses.replace(request, device="cuda:0" if needs.gpus else "cpu")
        return task.remote(request, ticket, versions()["frontrunner"], self._mailbox)

    def _wait(self, ray: Any, task: Any, ticket: str, on_event: OnEvent, stop: threading.Event) -> RayDelivery | None:
        """Pass events on until the task has ended, and return what it delivers; None where it does not on `stop`."""
        heard = self._heard[ticket]
        while not ray.wait([task], timeout=0)[0]:
            if stop.is_set():
                self._stop(ray, task, ticket)
                if ray.wait([task], timeout=0)[0]:
                    break
                return None
            with contextlib.suppress(queue.Empty):
                on_event(pickle.loads(heard.get(timeout=LOOK_UP_INTERVAL_S)))
        with contextlib.suppress(Exception):  # the mailbox is lost
            self._take(ray)  # its last events are there before the task ends
        while not heard.empty():
            on_event(pickle.loads(heard.get()))
        delivery: RayDelivery = ray.get(task)
        return delivery

    def _stop(self, ray: Any, task: Any, ticket: str) -> None:
        """Have a cell end, and wait for it a while.

        It is not cancelled: `ray.cancel` of a task that has just ended can abort this process (ray 54179, 54798).
        """
        with contextlib.suppress(ray.exceptions.RayError):
            self._mailbox.stop.remote(ticket)
            ray.wait([task], timeout=LAST_WORDS_S)

    def _fetch(self, ray: Any) -> None:
        """Fetch what cells report, until the executor is closed."""
        while not self._closed.wait(LOOK_UP_INTERVAL_S):
            with contextlib.suppress(Exception):  # the mailbox is being started again, or Ray has been shut down
                self._take(ray)

    def _take(self, ray: Any) -> None:
        """Sort what cells have reported until now; once this returns, nothing of it is in another thread's hands."""
        with self._taking:
            for ticket, messages in ray.get(self._mailbox.take.remote(), timeout=10).items():
                if (heard := self._heard.get(ticket)) is not None:
                    for message in messages:
                        heard.put(message)


def _ending_of(error: Exception, n_starts: int) -> Ending:
    """Return the ending of a cell whose task has failed, or was lost more often than Ray starts it again.

    Args:
        error: what Ray says.
        n_starts: how often the cell is known to have been started; 0 where nodes have no file system in common.
    """
    cause = getattr(error, "cause", None)  # what the task has raised, where that is how it ended
    if cause is not None and not isinstance(cause, CellKilledError):
        return Ending(Status.FAILED, f"its task has failed ({in_one_line(cause)})", resumable=True)
    reason = (
        f"Ray has lost it ({as_one_line(str(error).strip().partition(chr(10))[0])})" if cause is None else str(cause)
    )
    if n_starts > 1:
        reason = f"at last: {reason}; it was started {n_starts} times"
    status = Status.OUT_OF_MEMORY if type(error).__name__ == "OutOfMemoryError" else Status.KILLED
    return Ending(status, reason, resumable=True)
