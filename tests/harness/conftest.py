"""Benches whose workers are functions of this process."""

import threading
from unittest.mock import Mock

import pytest


@pytest.fixture
def in_process(monkeypatch):
    """Workers without a process of their own: the bench's own logic is what is tested. (method, device) of each."""
    from frontrunner.harness import cell_run, worker
    from frontrunner.harness.cell_process import Ending

    devices, lock = [], threading.Lock()

    def run(cell, *, device, plugins, scratch, checkpoints, on_event, stop, probes):
        devices.append((cell.method, device))
        request = worker.Request(
            cell=cell.to_json(),
            device="cpu",
            plugins=plugins,
            scratch=str(scratch),
            checkpoints=str(checkpoints),
            checkpoint_interval_s=0,
            probes=probes,
            folder=".",
            environment={},
        )

        def tell(event):
            if Ending.told_by(event) is None:
                on_event(event)

        with lock:
            return Ending.told_by(worker.attempt(request, worker.Reporter(tell)))

    monkeypatch.setattr(cell_run, "run_in_process", run)
    return devices


@pytest.fixture
def run_bench(in_process):
    """(folder, learners, ...) -> the store and the outcomes, on the tiny suite."""
    from frontrunner.harness import bench
    from frontrunner.harness.spec import BenchSpec
    from frontrunner.harness.store import Store

    def run(folder, learners, **keys):
        store = Store(folder, create=True)
        spec = BenchSpec.model_validate({"name": "test", "suites": ["tiny"], "learners": learners, **keys})
        return store, bench.run_bench(spec, store, devices=["cpu"], plugins=[], listener=Mock())

    return run
