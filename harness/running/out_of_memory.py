"""Tell errors that memory has run out from all others."""

from __future__ import annotations

import torch

_NAMED = ("can't allocate memory", "CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED")
"""What other errors of torch say when memory has run out."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory has run out, on the host or on a GPU."""
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or any(name in str(error) for name in _NAMED)
