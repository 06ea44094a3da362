"""Run cells on this machine, each in a process of its own, one at a time on each device."""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Mapping, Sequence

from ....available_cpus import available_cpus
from ...cells.device_groups import devices_of, joined
from ...records.status import Ending
from ..cell_request import CellRequest
from ..worker_process import run_in_process
from .executor import Executor, OnEvent
from .visible_devices import VISIBLE, visible_names


class LocalExecutor(Executor):
    """Runs cells on this machine's devices.

    Args:
        devices: torch device names, see `resolve_devices`, or groups of them, see `device_groups`; what is named twice
            runs two cells at a time.
    """

    def __init__(self, devices: Sequence[str]) -> None:
        self._devices = list(devices)

    @property
    def devices(self) -> Sequence[str]:
        """What runs cells, one at a time in each."""
        return self._devices

    def open(self, n_cells: int) -> Sequence[str]:  # noqa: ARG002 # a device more costs nothing
        """Return the devices."""
        return self._devices

    def run(self, request: CellRequest, *, on_event: OnEvent, stop: threading.Event) -> Ending:
        """Run the cell on the device that the request names; its process sees no other GPU."""
        device, hiding = masked(request.device, os.environ)
        environment = {**request.environment, **hiding, **_threads(self._devices, os.environ)}
        here = dataclasses.replace(request, device=device, environment=environment)
        return run_in_process(here, on_event=on_event, stop=stop)


def masked(device: str, environment: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return what a process that is to see its devices alone calls them, and the variables that hide the others.

    A learner that says `cuda:0`, or starts processes that do, then uses the device its cell was given. On the CPU
    nothing is hidden.

    Args:
        device: a torch device name of this process, or a group of them.
        environment: the variables of this process, which may hide devices already.
    """
    devices = devices_of(device)
    if not device.startswith("cuda"):
        return device, {}
    numbers = [int(one.partition(":")[2] or 0) for one in devices]
    own = list(dict.fromkeys(numbers))
    names = visible_names(own, environment)
    return joined([f"cuda:{own.index(number)}" for number in numbers]), {VISIBLE: ",".join(names)}


def _threads(devices: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variable by which cells that run on the CPU at the same time share its cores.

    A suite that names its number of threads keeps it, and so does a user who has set the variable.
    """
    n_places = sum(device.startswith("cpu") for device in devices)
    if n_places < 2 or "OMP_NUM_THREADS" in environment:
        return {}
    return {"OMP_NUM_THREADS": str(max(1, available_cpus() // n_places))}
