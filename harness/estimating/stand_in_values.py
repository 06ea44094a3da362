"""Let code that was written for real tensors run on fake ones: what it reads of them are stand-ins.

What a step computes may depend on values in places, such as whether a loss is finite, or how a linear programme weighs
gradients. Its memory does not.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode, unset_fake_temporarily
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode


@contextlib.contextmanager
def fake_tensors() -> Iterator[FakeTensorMode]:
    """Have all tensors made meanwhile be fake: nothing is allocated for them, and nothing is computed.

    They say that they are on the CPU. What code reads of them needs `StandInNumbers` within.
    """
    with (
        replaced(torch.utils, "swap_tensors", _swap),
        FakeTensorMode(allow_non_fake_inputs=True) as mode,
        _ReadArrays(),
    ):
        yield mode


@contextlib.contextmanager
def replaced(owner: ModuleType | type, name: str, value: object) -> Iterator[None]:
    """Have a name of a module or a class stand for something else for a while."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def tensors_of(values: Any) -> Iterator[Tensor]:
    """Yield the tensors among what an operation is given or returns, and in lists of these."""
    for value in values if isinstance(values, (tuple, list)) else (values,):
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from tensors_of(value)


class StandInNumbers(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch has no types here
    """Answers what a program reads of a fake tensor as one number; computes with real tensors for real."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Have torch call this mode as it is: what it would put around takes as long as a fake operation."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = [*tensors_of(args), *tensors_of(tuple(kwargs.values()) if kwargs else ())]
        fake = next((tensor for tensor in given if isinstance(tensor, FakeTensor)), None)
        if fake is None and given:
            with unset_fake_temporarily():
                return func(*args, **(kwargs or {}))
        if fake is not None and func in _READ:
            answer: Any = _READ[func](fake)
            return answer
        return func(*args, **(kwargs or {}))


class _ReadArrays(TorchFunctionMode):
    """Answers what a program reads of a fake tensor as an array."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (Tensor.numpy, Tensor.__array__) and isinstance(args[0], FakeTensor):
            return _array(args[0])
        if func is Tensor.data_ptr and isinstance(args[0], FakeTensor):
            return int(args[0].untyped_storage()._cdata)  # to tell memories apart
        return func(*args, **(kwargs or {}))


def _number(dtype: torch.dtype) -> bool | int | float:
    """Return the number that every entry of a fake tensor is read as: true, or one."""
    if dtype == torch.bool:
        return True
    return 1.0 if dtype.is_floating_point else 1


_READ: dict[Any, Callable[[Any], Any]] = {
    torch.ops.aten._local_scalar_dense.default: lambda tensor: _number(tensor.dtype),
    torch.ops.aten.equal.default: lambda _: False,
    torch.ops.prim.device.default: lambda tensor: tensor.fake_device,  # asked most often
}
"""Operations that read a fake tensor, and what they are answered."""


def _array(tensor: Tensor) -> np.ndarray[Any, Any]:
    """Return an array of ones; of a square matrix, which may be inner products, one that is positive definite."""
    with unset_fake_temporarily():
        ones = torch.ones(tuple(tensor.shape), dtype=tensor.dtype)
        if ones.ndim == 2 and len(ones) == ones.shape[1] and ones.is_floating_point():
            ones += torch.eye(len(ones), dtype=ones.dtype)
        return ones.numpy()


def _swap(one: Tensor, other: Tensor) -> None:
    """Swap two fake tensors in place, as a module does that is moved; torch's own refuses those that others watch."""
    own = dict(one.__dict__)
    for tensor, attributes in ((one, dict(other.__dict__)), (other, own)):
        tensor.__dict__.clear()
        tensor.__dict__.update(attributes)
    torch._C._swap_tensor_impl(one, other)
