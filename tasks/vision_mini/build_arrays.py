"""Reading the one pickle among the packages with an unpickler that can build NumPy arrays and nothing else."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np

from ...errors import DataError


class _ArrayUnpickler(pickle.Unpickler):
    """Builds NumPy arrays of plain numbers; every other name a pickle asks for is refused."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in {("numpy", "ndarray"), ("numpy", "dtype")}:
            return getattr(np, name)
        # Old NumPy wrote the path without the underscore; importing that one warns today.
        if name == "_reconstruct" and module in {"numpy.core.multiarray", "numpy._core.multiarray"}:
            return super().find_class("numpy._core.multiarray", name)
        raise DataError(f"expected a pickle of NumPy arrays only, found {module}.{name}; it was not loaded")


def unpickle_array(content: bytes) -> np.ndarray[Any, np.dtype[Any]]:
    """Return the array that is pickled in `content`.

    Raises:
        DataError: it is anything but an array of plain numbers.
    """
    value = _ArrayUnpickler(io.BytesIO(content)).load()
    if not isinstance(value, np.ndarray) or value.dtype.hasobject:
        raise DataError(f"expected a pickled array of numbers, found {type(value).__name__}")
    return value
