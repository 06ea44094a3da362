"""Keep what a learner changes for the whole process from what is computed after its fit."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch


@contextlib.contextmanager
def settings_restored() -> Iterator[None]:
    """Restore the settings of torch and NumPy, warnings and the working directory when the context ends.

    A front must not be evaluated in another precision, or another number of threads, because of what a fit left behind.
    """
    folder = Path.cwd()
    precision, matmul = torch.get_default_dtype(), torch.get_float32_matmul_precision()
    gradients, device = torch.is_grad_enabled(), torch.get_default_device()
    threads = torch.get_num_threads()
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    anomalies = torch.is_anomaly_enabled()
    with warnings.catch_warnings(), np.errstate():
        try:
            yield
        finally:
            torch.set_default_dtype(precision)
            torch.set_float32_matmul_precision(matmul)
            torch.set_grad_enabled(gradients)
            torch.set_default_device(device if device.type != "cpu" else None)
            torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
            torch.autograd.set_detect_anomaly(anomalies)
            if torch.get_num_threads() != threads:
                torch.set_num_threads(threads)
            with contextlib.suppress(OSError):
                os.chdir(folder)
