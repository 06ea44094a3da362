"""Measure the wall time and memory of the phases of one cell, in the process that runs it.

What cannot be measured is absent, never 0.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import torch

SAMPLING_INTERVAL_S = 0.25  # listing children reads all of /proc; sampling more often would show in wall time


class Meter:
    """Collects the costs of phases in `metrics`, by name with their unit.

    Every phase has `<phase>_time_s` and `<phase>_peak_rss_bytes`, the peak resident memory of the process and its
    children together. It is sampled four times a second; that of the process alone is exact where the kernel keeps its
    peak. On CUDA a phase also has `<phase>_peak_gpu_allocated_bytes` and `<phase>_peak_gpu_reserved_bytes`.
    """

    def __init__(self, device: str) -> None:
        self._device = torch.device(device)
        self.metrics: dict[str, float] = {}

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure the body of the `with` statement as one phase."""
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
        """Return `time.perf_counter()` once the device has finished its work."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()

    def _sample(self, name: str, stop: threading.Event) -> None:
        own = psutil.Process()
        while True:
            last = stop.wait(0 if name not in self.metrics else SAMPLING_INTERVAL_S)
            resident = 0
            for process in (own, *own.children(recursive=True)):
                with contextlib.suppress(psutil.Error):  # a child may end while it is measured
                    resident += process.memory_info().rss
            self.metrics[name] = max(self.metrics.get(name, 0), resident, _kernel_peak() or 0)
            if last:
                return


def _reset_kernel_peak() -> None:
    """Reset the peak that the Linux kernel keeps; where that fails, a phase's peak is that of the whole process."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _kernel_peak() -> int | None:
    """Return the peak resident bytes of this process as the Linux kernel counts them, None elsewhere."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None
