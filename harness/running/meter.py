"""Measure the wall time and memory of the phases of one cell, in the process that runs it.

What cannot be measured is absent, never 0.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping

import torch

from .process_memory import ProcessTree, kernel_peak_bytes, reset_kernel_peak
from .rounded_seconds import rounded_seconds

SAMPLING_INTERVAL_S = 0.25
"""Seconds between two samples: listing children reads all of /proc, which would show in wall time more often."""
NEW_CHILDREN_S = 0.05
"""Seconds to the next sample once there are new children, so that those of short life are measured too."""
LARGEST_SHARE = 0.1
"""Largest share of a phase in which one processor samples: the kernel walks all pages of a process with children, some
60 ms for each GB, while other threads go on."""
SHARED_PAGES = "peak_memory"
"""Name in the environment that says where peaks count pages shared between processes once for each of them."""


class Meter:
    """Collects the costs of phases in `metrics`, by name with their unit.

    Every phase has `<phase>_time_s` and `<phase>_peak_rss_bytes`, the peak resident memory of the process and its
    children together, each page counted once (see `process_memory`). It is sampled up to four times a second, so it is
    a lower bound where children come and go faster; that of the process alone is exact where the kernel keeps its peak.
    On CUDA a phase also has `<phase>_peak_gpu_allocated_bytes` and `<phase>_peak_gpu_reserved_bytes`, of one device: of
    a fit on several, of that which needs most.
    """

    def __init__(self, device: str) -> None:
        self._device = torch.device(device)
        self.metrics: dict[str, float] = {}
        self.environment: dict[str, str] = {}
        """What must be known to read the metrics; empty where they are what their names say."""

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure the body of the `with` statement as one phase."""
        cuda = self._device.type == "cuda"
        if cuda:
            torch.cuda.synchronize(self._device)
            torch.cuda.reset_peak_memory_stats(self._device)
        reset_kernel_peak()
        stop = threading.Event()
        sampler = threading.Thread(target=self._sample, args=(f"{name}_peak_rss_bytes", stop), daemon=True)
        sampler.start()
        start = time.perf_counter()
        try:
            yield
        finally:
            if cuda:
                torch.cuda.synchronize(self._device)
            self.metrics[f"{name}_time_s"] = rounded_seconds(time.perf_counter() - start)
            stop.set()
            sampler.join()
            self.metrics.update(gpu_peaks(name, self._device))

    def include(self, peaks: Mapping[str, float]) -> None:
        """Raise peaks to those of other devices that took part: what counts is the device that needs most."""
        for name, peak in peaks.items():
            self.metrics[name] = max(self.metrics.get(name, 0.0), peak)

    def synchronized(self) -> float:
        """Return `time.perf_counter()` once the device has finished its work."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()

    def _sample(self, name: str, stop: threading.Event) -> None:
        tree, pause = ProcessTree(), 0.0
        while True:
            last = stop.wait(pause)
            start = time.perf_counter()
            peak = max(tree.resident_bytes(), tree.ended_child_bytes(), kernel_peak_bytes() or 0)
            self.metrics[name] = max(self.metrics.get(name, 0), peak)
            if tree.counts_shared_pages_twice:
                self.environment[SHARED_PAGES] = "pages shared between processes are counted once for each"
            if last:
                return
            usual = NEW_CHILDREN_S if tree.has_new_children else SAMPLING_INTERVAL_S
            pause = max(usual, (time.perf_counter() - start) / LARGEST_SHARE)


def gpu_peaks(phase: str, device: torch.device) -> dict[str, float]:
    """Return the peaks of a CUDA device's memory in bytes, by the names of their metrics; none of another device."""
    if device.type != "cuda":
        return {}
    return {
        f"{phase}_peak_gpu_allocated_bytes": float(torch.cuda.max_memory_allocated(device)),
        f"{phase}_peak_gpu_reserved_bytes": float(torch.cuda.max_memory_reserved(device)),
    }
