"""Benches whose workers are functions of this process."""

import threading
from unittest.mock import Mock

import pytest


@pytest.fixture
def in_process(monkeypatch):
    """Workers without a process of their own: the bench's own logic is what is tested. (method, device) of each."""
    from frontrunner.harness import bench, worker
    from frontrunner.harness.cell_process import Ending

    devices, lock = [], threading.Lock()

    def run(cell, *, device, plugins, scratch, checkpoints, on_event, stop):
        devices.append((cell.method, device))
        request = {
            "cell": cell.to_json(),
            "device": "cpu",
            "plugins": plugins,
            "scratch": str(scratch),
            "checkpoints": str(checkpoints),
            "checkpoint_interval_s": 0,
        }
        with lock, (scratch / "events").open("w") as events:
            return Ending.told_by(worker.attempt(request, worker.Reporter(events)))

    monkeypatch.setattr(bench, "run_in_process", run)
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
