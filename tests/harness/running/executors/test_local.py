"""Cells on this machine: each sees its own device, and those on the CPU share its cores."""

import os
import threading
from pathlib import Path

import pytest

from frontrunner.harness.records.status import Ending, Status
from frontrunner.harness.running.cell_request import CellRequest
from frontrunner.harness.running.executors import local
from frontrunner.harness.running.executors.local import LocalExecutor, masked


@pytest.mark.parametrize(
    ("device", "shown", "expected"),
    [
        ("cpu", None, ("cpu", {})),
        ("cpu", "0,1", ("cpu", {})),
        ("cuda:1", None, ("cuda:0", {"CUDA_VISIBLE_DEVICES": "1"})),
        ("cuda", None, ("cuda:0", {"CUDA_VISIBLE_DEVICES": "0"})),
        ("cuda:1", "3, 5", ("cuda:0", {"CUDA_VISIBLE_DEVICES": "5"})),
        ("cuda:0", "MIG-aa,GPU-bb", ("cuda:0", {"CUDA_VISIBLE_DEVICES": "MIG-aa"})),
    ],
)
def test_a_process_sees_its_own_device_alone(device, shown, expected):
    assert masked(device, {} if shown is None else {"CUDA_VISIBLE_DEVICES": shown}) == expected


@pytest.fixture
def asked(make_cell, monkeypatch):
    """(devices, place) -> the device and the variables that the cell's process was given."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    found = []

    def run(request, **_):
        found.append(request)
        return Ending(Status.FINISHED)

    monkeypatch.setattr(local, "run_in_process", run)

    def ask(devices, place):
        cell = make_cell()
        request = CellRequest(cell, place, ("a.py",), Path("scratch"), Path("checkpoints"), probes=3)
        LocalExecutor(devices).run(request, on_event=lambda event: None, stop=threading.Event())
        ran = found.pop()
        assert (ran.cell, ran.plugins, ran.scratch, ran.probes) == (cell, ("a.py",), Path("scratch"), 3)
        return ran.device, ran.environment

    return ask


def test_cells_on_the_cpu_share_its_cores(asked, monkeypatch):
    assert asked(["cpu"], "cpu") == ("cpu", {})
    assert asked(["cpu"] * 3, "cpu") == ("cpu", {"OMP_NUM_THREADS": "2"})
    assert asked(["cpu"] * 9, "cpu") == ("cpu", {"OMP_NUM_THREADS": "1"})
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert asked(["cpu", "cpu"], "cpu") == ("cpu", {})


def test_a_gpu_is_named_as_the_process_sees_it(asked, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert asked(["cuda:0", "cuda:1"], "cuda:1") == ("cuda:0", {"CUDA_VISIBLE_DEVICES": "1"})
