"""Times of training steps, and the peak of a device's memory in them."""

import itertools
import statistics
import time

import torch

SKIPPED = 2
"""First steps that do not count: kernels are loaded and ways compared in them."""


class StepClock:
    """Is marked at the beginning of every step; what lies between two marks is a step.

    On CUDA marks are events in the device's own order of work, so that nothing waits for them.

    Args:
        device: where the steps run.
        n_steps: how many there are, the first two of which do not count.
    """

    def __init__(self, device, n_steps):
        self.device = torch.device(device)
        self._marks = []
        self.n_steps = n_steps
        self.peaks = {}
        """Bytes, of the steps that count; empty on the CPU."""

    def mark(self):
        cuda = self.device.type == "cuda"
        if cuda:
            event = torch.cuda.Event(enable_timing=True)
            event.record()
            self._marks.append(event)
            if len(self._marks) == SKIPPED + 1:  # the first step that counts begins
                torch.cuda.reset_peak_memory_stats(self.device)
            if len(self._marks) == self.n_steps:
                self.peaks = {
                    "peak_allocated_bytes": torch.cuda.max_memory_allocated(self.device),
                    "peak_reserved_bytes": torch.cuda.max_memory_reserved(self.device),
                }
        else:
            self._marks.append(time.perf_counter())

    def watch(self, problem):
        """Mark whenever a training of the problem asks for its next batch."""
        batches = problem.batches

        def marked(*args, **kwargs):
            for batch in batches(*args, **kwargs):
                self.mark()
                yield batch

        problem.batches = marked
        return lambda: setattr(problem, "batches", batches)

    def ms(self):
        """Return the milliseconds of a step: median and quartiles."""
        marks = self._marks[SKIPPED:]
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
            found = [begin.elapsed_time(end) for begin, end in itertools.pairwise(marks)]
        else:
            found = [1000 * (end - begin) for begin, end in itertools.pairwise(marks)]
        low, middle, high = statistics.quantiles(found, n=4) if len(found) > 1 else found * 3
        return {"median_ms": round(middle, 3), "low_ms": round(low, 3), "high_ms": round(high, 3)}
