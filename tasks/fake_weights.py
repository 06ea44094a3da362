"""Weights that have shapes and no values, torch's fake tensors, on which a fit runs to count the memory that it takes.

They run the code of the CPU. Where ours goes by the kind of a device, it asks for the one that they stand for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar

from torch import Tensor

_STANDS_FOR: ContextVar[str] = ContextVar("stands_for", default="cpu")
"""The type of the device whose memory is counted, in this thread."""


@contextlib.contextmanager
def standing_for(device_type: str) -> Iterator[None]:
    """Have fake tensors stand for those of a type of device, such as cuda, for a while."""
    token = _STANDS_FOR.set(device_type)
    try:
        yield
    finally:
        _STANDS_FOR.reset(token)


def have_values(tensors: Iterable[Tensor]) -> bool:
    """Return whether none of the tensors is fake."""
    from torch._subclasses.fake_tensor import FakeTensor

    return not any(isinstance(tensor, FakeTensor) for tensor in tensors)


def device_type(tensor: Tensor) -> str:
    """Return the type of the device that a tensor is on, or that a fake one stands for."""
    return tensor.device.type if have_values([tensor]) else _STANDS_FOR.get()
