"""Torch on a CUDA device as cells have it: with deterministic kernels."""

from __future__ import annotations

import os

ENVIRONMENT = {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
"""Without it cuBLAS is not reproducible; it is read once the device is first used."""


def set_up_cuda(device: str) -> None:
    """Make torch deterministic, and a device the one that "cuda" without a number means.

    Args:
        device: a CUDA device that this process has not used yet.
    """
    import torch

    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    torch.cuda.set_device(device)
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Else every new tensor is filled first, which costs a pass over it and changes no result.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined] # a property
