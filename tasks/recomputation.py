"""Running a model with weights that are passed in, in the backward pass too.

Activation checkpointing drops activations and runs parts of a model again during backward, when weights that were
swapped in for the forward pass are gone, while other passes with other weights may wait for the same backward. So
whatever torch checkpoints while a model runs here is recomputed within the surroundings of its own forward pass.
Reentrant checkpoints become non-reentrant ones: they drop the gradients of blocks whose inputs need none.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils import checkpoint

Surroundings: TypeAlias = Callable[[Callable[[], Any]], Any]
"""Calls a function while something holds, such as other weights in a module, and returns what it returns."""

_entered: ContextVar[tuple[Surroundings, ...]] = ContextVar("entered", default=())
"""The surroundings that this thread is in, the outermost first."""


def with_weights(module: nn.Module, params: Mapping[str, Tensor]) -> Surroundings:
    """Return surroundings in which `params` are in place of the module's own weights and buffers.

    Where gradients are recorded, recurrent layers run without cuDNN, which computes theirs in training mode only; and
    so does all else in the module, since torch has one switch for both.
    """
    holder = _Holder(module)
    named = {f"module.{name}": tensor for name, tensor in params.items()}
    recurrent = any(isinstance(part, nn.RNNBase) for part in module.modules())

    def surroundings(function: Callable[[], Any]) -> Any:
        without = recurrent and torch.is_grad_enabled()
        with torch.backends.cudnn.flags(enabled=False) if without else contextlib.nullcontext():
            # A copy each time: torch writes back to the mapping what a module made of it.
            return functional_call(holder, dict(named), (function,), tie_weights=False)

    return surroundings


def call_within(surroundings: Surroundings, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function within surroundings, in which torch also recomputes whatever the function checkpoints."""
    call = functools.partial(function, *args, **kwargs)
    return _call_within((*_entered.get(), surroundings), lambda: surroundings(call))


class _Holder(nn.Module):
    """Holds a module, so that any function can be called with other weights in it."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, function: Callable[[], Any]) -> Any:
        """Call a function."""
        return function()


def _call_within(entered: tuple[Surroundings, ...], function: Callable[[], Any]) -> Any:
    token = _entered.set(entered)
    try:
        with _CHECKPOINTS.watched():
            return function()
    finally:
        _entered.reset(token)


def _recomputed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that is called, at whatever time, within the present surroundings."""
    entered = _entered.get()
    if not entered:
        return function

    def recompute(*args: Any, **kwargs: Any) -> Any:
        call: Callable[[], Any] = functools.partial(function, *args, **kwargs)
        for surroundings in reversed(entered):
            call = functools.partial(surroundings, call)
        return _call_within(entered, call)

    return recompute


class _Checkpoints:
    """Changes how torch checkpoints, in all threads as long as one needs it; threads without surroundings see none.

    Where a future torch has other names for these things nothing is changed, and `own_weights` notices.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._undo = contextlib.ExitStack()

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Have checkpoints recomputed within their surroundings for a while."""
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._change()
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    self._undo.close()

    def _change(self) -> None:
        frame = getattr(checkpoint, "_CheckpointFrame", None)
        if frame is not None:
            begin = frame.__init__

            def begin_frame(self: Any, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
                begin(self, _recomputed(function), *args, **kwargs)

            self._replace(frame, "__init__", begin_frame)
        reentrant = getattr(checkpoint, "CheckpointFunction", None)
        if reentrant is not None:
            apply = reentrant.apply

            def apply_without_reentry(function: Callable[..., Any], preserve_rng_state: bool, *args: Any) -> Any:
                if not _entered.get():
                    return apply(function, preserve_rng_state, *args)
                return checkpoint.checkpoint(
                    function, *args, use_reentrant=False, preserve_rng_state=preserve_rng_state
                )

            self._replace(reentrant, "apply", staticmethod(apply_without_reentry))

    def _replace(self, owner: type, name: str, value: Any) -> None:
        if name in vars(owner):
            self._undo.callback(setattr, owner, name, vars(owner)[name])
        else:
            self._undo.callback(delattr, owner, name)
        setattr(owner, name, value)


_CHECKPOINTS = _Checkpoints()
