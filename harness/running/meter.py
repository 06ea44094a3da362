"""The meter: wall time and memory of the phases of one cell, measured in the process that runs it.

What could not be measured is absent, never 0.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import torch

SAMPLING_INTERVAL_S = 0.25  # listing children reads all of /proc: seldom enough not to show in wall time


class Meter:
    """Collects metrics by name, with their units in the name.

    For every phase: `<phase>_time_s` and `<phase>_peak_rss_bytes`, resident memory of the process and its children
    together (sampled four times a second; the process alone exactly where the kernel keeps the peak); on CUDA also
    `<phase>_peak_gpu_allocated_bytes` and `<phase>_peak_gpu_reserved_bytes`.
    """

    def __init__(self, device: str) -> None:
        self._device = torch.device(device)
        self.metrics: dict[str, float] = {}

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure what runs inside as one phase."""
        cuda = self._device.type == "cuda"
        if cuda:
            torch.cuda.synchronize(self._device)
            torch.cuda.reset_peak_memory_stats(self._device)
        _reset_kernel_peak()
        stop = threading.Event()
        sampler = threading.Thread(target=self._sample, args=(f"{name}_peak_rss_bytes", stop), daemon=True)
        sampler.start()
        start = time.perf_counter()
        try:
            yield
        finally:
            if cuda:
                torch.cuda.synchronize(self._device)
            self.metrics[f"{name}_time_s"] = time.perf_counter() - start
            stop.set()
            sampler.join()
            if cuda:
                self.metrics[f"{name}_peak_gpu_allocated_bytes"] = torch.cuda.max_memory_allocated(self._device)
                self.metrics[f"{name}_peak_gpu_reserved_bytes"] = torch.cuda.max_memory_reserved(self._device)

    def synchronized(self) -> float:
        """`perf_counter` once the device has finished what it was given."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()

    def _sample(self, metric: str, stop: threading.Event) -> None:
        own = psutil.Process()
        while True:
            last = stop.wait(0 if metric not in self.metrics else SAMPLING_INTERVAL_S)
            resident = 0
            for process in (own, *own.children(recursive=True)):
                with contextlib.suppress(psutil.Error):  # a child may end while it is looked at
                    resident += process.memory_info().rss
            self.metrics[metric] = max(self.metrics.get(metric, 0), resident, _kernel_peak() or 0)
            if last:
                return


def _reset_kernel_peak() -> None:
    """Have the Linux kernel forget the peak so far; where it cannot, a phase's peak is that of the process."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _kernel_peak() -> int | None:
    """Peak resident bytes of this process as the Linux kernel counted it, None elsewhere."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None
