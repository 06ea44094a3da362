"""Architectures without values: parameters on the device meta, and the tables that their code computes in place."""

from __future__ import annotations

import contextlib
import copy
import functools
from collections.abc import Callable, Iterator
from contextvars import ContextVar

import torch
from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

_WITHOUT_VALUES: ContextVar[bool] = ContextVar("without_values", default=False)
"""Whether parameters that are registered now, in this thread, lose their values."""


@contextlib.contextmanager
def parameters_on_meta() -> Iterator[None]:
    """Have every module that is made meanwhile keep its parameters on the device meta, and its buffers where they are.

    Modules that other threads make meanwhile keep their values. Making a module under `torch.device("meta")` loses the
    values of buffers that no file holds, such as positions and rotary frequencies, and fails where code reads a number
    from a tensor.
    """
    _look_at_registered_parameters()
    token = _WITHOUT_VALUES.set(True)
    try:
        yield
    finally:
        _WITHOUT_VALUES.reset(token)


@functools.cache
def _look_at_registered_parameters() -> None:
    """Install torch's hook, once: others may be iterated over while one is removed."""

    def on_meta(_module: nn.Module, _name: str, param: nn.Parameter) -> nn.Parameter | None:
        return _on_meta(param) if _WITHOUT_VALUES.get() else None

    register_module_parameter_registration_hook(on_meta)  # type: ignore[arg-type] # torch's own type says None


def made_without_values(make: Callable[[], nn.Module]) -> nn.Module:
    """Return what a function makes, with parameters on the device meta and tables in place, in evaluation mode.

    Modules that need values while they are made (they run a picture through themselves, say) are made with them first.
    torch's default generator is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        try:
            with parameters_on_meta():
                made = make()
            if any(buffer.is_meta for buffer in made.buffers()):  # tables made from parameters
                made = drop_values(make())
        except RuntimeError:
            made = drop_values(make())
    return made.eval().requires_grad_(False)


def without_values(model: nn.Module) -> nn.Module:
    """Return a copy in evaluation mode whose weights and stored buffers are on the device meta.

    Buffers that are not stored, and so are in no state dict, keep their values: no file brings them.
    """
    copied = drop_values(copy.deepcopy(model).eval().requires_grad_(False))
    for module in copied.modules():
        for name, buffer in module._buffers.items():
            if buffer is not None and name not in module._non_persistent_buffers_set:
                module._buffers[name] = buffer.to("meta")
    return copied


def drop_values(model: nn.Module) -> nn.Module:
    """Move a module's parameters to the device meta, in place; buffers stay. Returns the same module."""
    moved: dict[int, nn.Parameter] = {}  # one under two names stays one
    for module in model.modules():
        for name, param in module._parameters.items():
            if param is not None:
                module._parameters[name] = moved.setdefault(id(param), _on_meta(param))
    return model


def _on_meta(param: nn.Parameter) -> nn.Parameter:
    if param.is_meta:
        return param
    moved = nn.Parameter(param.detach().to("meta"), requires_grad=False)
    moved.__dict__.update(param.__dict__)  # libraries mark parameters, such as those without weight decay
    return moved
