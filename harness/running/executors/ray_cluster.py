"""Find or start a Ray cluster, and tell whether and how often it can serve a cell."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import math
import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

from ....errors import ConfigError
from ....one_line import as_one_line
from ..cell_limits import as_size

OBJECT_STORE_BYTES = 100 * 2**20
"""Shared memory of a cluster that a command starts: finished cells go through the file system there."""

STARTED_WITH = {
    "RAY_USAGE_STATS_ENABLED": "0",  # reports to nobody
    "RAY_worker_niceness": "0",  # else other programs slow cells down, whose times are measured
}
"""Variables of a cluster that a command starts, which need not be those of whatever else the process starts."""
QUIET = {"RAY_DEDUP_LOGS_SKIP_REGEX": "^"}
"""Variables by which Ray, as it is imported, is told to print no messages of its cluster: on every retry of a cell it
prints a traceback in colours, even without `log_to_driver`. What has happened is said by the cell's own events.

Ray reads it once, as it is imported, and for the whole process: a script that runs a bench first and then uses Ray
itself does not see what its own workers print. One that imports Ray before the bench, or sets the variable to an empty
text, does.
"""


@dataclass(frozen=True)
class CellNeeds:
    """What one cell asks of a node."""

    cpus: float
    gpus: float
    memory_bytes: int | None

    def __str__(self) -> str:
        asked = [f"{self.cpus:g} CPU{'' if self.cpus == 1 else 's'}"]
        asked += [f"{self.gpus:g} GPU{'' if self.gpus == 1 else 's'}"] if self.gpus else []
        asked += [] if self.memory_bytes is None else [f"{as_size(self.memory_bytes)} of memory"]
        return ", ".join(asked)

    def times_on(self, node: Mapping[str, float]) -> int:
        """Return how many such cells a node can run at once, given its resources as Ray names them."""
        times = [_times(node.get("CPU", 0.0), self.cpus)]
        if self.gpus:
            gpus = int(node.get("GPU", 0.0))
            times.append(gpus * int(1 / self.gpus) if self.gpus <= 1 else gpus // int(self.gpus))
        if self.memory_bytes is not None:
            times.append(_times(node.get("memory", 0.0), self.memory_bytes))
        return int(min(times))


def _times(there: float, asked: float) -> float:
    return math.floor(there / asked) if asked else math.inf


@contextlib.contextmanager
def handlers_kept() -> Iterator[None]:
    """Give signals the handlers back that they had: those of Ray end a command before it has closed its runs."""
    names = [signal.SIGINT, signal.SIGTERM] if threading.current_thread() is threading.main_thread() else []
    before = [(name, signal.getsignal(name)) for name in names]
    try:
        yield
    finally:
        for name, handler in before:
            signal.signal(name, handler)


def require_ray() -> None:
    """Raise ConfigError where Ray is not installed; it is not imported, which takes seconds."""
    if importlib.util.find_spec("ray") is None:
        raise ConfigError('Ray is not installed; install it by pip install "frontrunner[ray]"')


def require_address(address: str) -> None:
    """Raise ConfigError for an address that no cluster can have."""
    if "://" in address:
        raise ConfigError(
            f"--ray-address was to be auto or HOST:PORT, found {address!r}; a command that is not on a node of the "
            "cluster cannot run cells there, so start it on one"
        )


def connect(address: str | None) -> tuple[ModuleType, bool]:
    """Connect to the cluster at an address, or without one to a cluster that is started here for this process.

    Returns:
        The module `ray`, and whether this call has connected it; a script may have done so before.

    Raises:
        ConfigError: Ray is not installed, or no cluster answers.
    """
    require_ray()
    with _variables(QUIET):
        import ray

    if ray.is_initialized():  # by the script that runs a bench
        return ray, False
    if address is not None:
        require_address(address)
    if address not in (None, "auto"):
        _require_answer(str(address))
    started = {"include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES} if address is None else {}
    try:
        with handlers_kept(), _variables(STARTED_WITH if address is None else {}):
            ray.init(address=address or "local", log_to_driver=False, logging_level=logging.CRITICAL, **started)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        where = "on this machine could be started" if address is None else f"answers at {address!r}"
        advice = "and name it by --ray-address auto"
        if address is not None:
            advice = "or leave --ray-address out to have one started on this machine alone"
        raise ConfigError(
            f"no Ray cluster {where} ({as_one_line(str(error))}); start one by `ray start --head`, {advice}"
        ) from error
    return ray, True


@contextlib.contextmanager
def _variables(wanted: Mapping[str, str]) -> Iterator[None]:
    """Set variables that the environment lacks for a while."""
    lacking = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(lacking)
    try:
        yield
    finally:
        for name in lacking:
            os.environ.pop(name, None)


def _require_answer(address: str) -> None:
    """Raise ConfigError where nothing listens at `HOST:PORT`, of which Ray would say so after minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, ValueError, OverflowError) as error:
        raise ConfigError(
            f"no Ray cluster answers at {address!r} ({as_one_line(str(error))}); --ray-address is auto or HOST:PORT, "
            "as `ray start --head` prints it"
        ) from error


def require_node(needs: CellNeeds, nodes: Sequence[Mapping[str, float]]) -> int:
    """Return how many cells the nodes can run at once; raise ConfigError where none of them can run one.

    Ray itself would wait for ever. Resources of several nodes do not add up, since a cell runs on one.

    Args:
        needs: what a cell asks for.
        nodes: the resources of every node that is alive, as Ray names them.
    """
    times = sum(needs.times_on(node) for node in nodes)
    if not times:
        have = "; ".join(sorted({_described(node) for node in nodes})) or "none is alive"
        raise ConfigError(
            f"no node of the Ray cluster can run a cell that asks for {needs} (nodes have {have}); ask for less by "
            "--cell-cpus, --cell-gpus or --cell-memory, or start such a node first"
        )
    return times


def _described(node: Mapping[str, float]) -> str:
    return ", ".join(
        (
            f"{node.get('CPU', 0.0):g} CPUs",
            f"{node.get('GPU', 0.0):g} GPUs",
            f"{as_size(node.get('memory', 0.0))} of memory",
        )
    )
