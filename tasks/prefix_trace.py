"""What a forward pass computes before it first reads a weight that differs between models.

A pass over one example is watched operation by operation. All that happens before the first operation that reads a
differing weight, or anything computed from one, is the prefix. It is kept by modules: the outermost ones that end
within the prefix need not run again for the same inputs and the same weights, if their outputs are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from .rows import tensors_in

Call: TypeAlias = tuple[str, int]
"""A module's name and how often it was called before in the pass."""


@dataclass(frozen=True)
class PrefixPlan:
    """The calls of modules that need not run again."""

    kept: Mapping[Call, bool]
    """Calls whose outputs are needed later -> whether they are written to, so that copies are handed out."""
    skipped: frozenset[Call]
    """Calls whose outputs are read by kept and skipped calls alone: any values of their shapes will do."""
    entered: tuple[str, ...]
    """The modules that were called until the last of these calls ended, in order."""


class ModuleCalls:
    """Calls something in place of every module's `forward`, below one module, for a while.

    Args:
        model: the module; its own `forward` stays.
        around: function from a module's name, its own `forward` and the arguments to the outputs.
        names: which modules; all of them when None.
    """

    def __init__(self, model: nn.Module, around: Callable[..., Any], names: Collection[str] | None = None) -> None:
        self._modules = [(n, m) for n, m in model.named_modules() if n and (names is None or n in names)]
        self._around = around
        self._replaced: list[tuple[nn.Module, Any]] = []

    def __enter__(self) -> None:
        for name, module in self._modules:
            own = module.forward
            self._replaced.append((module, module.__dict__.get("forward")))

            def forward(*args: Any, _name: str = name, _own: Callable[..., Any] = own, **kwargs: Any) -> Any:
                return self._around(_name, _own, *args, **kwargs)

            module.__dict__["forward"] = forward

    def __exit__(self, *error: object) -> None:
        while self._replaced:
            module, former = self._replaced.pop()
            del module.__dict__["forward"]
            if former is not None:
                module.__dict__["forward"] = former


def plan_prefix(model: nn.Module, run: Callable[[], Any], differing: Collection[Tensor]) -> PrefixPlan | None:
    """Watch a pass over one example; return what need not run again, None where nothing or nobody can tell.

    Args:
        model: the architecture.
        run: runs a pass with weights in place.
        differing: the weights in it that differ between models.
    """
    trace = _Trace(differing)
    with torch.no_grad(), ModuleCalls(model, trace.call), trace:
        outputs = run()
    return trace.plan(outputs)


@dataclass
class _Operation:
    inside: tuple[int, ...]
    """The calls of modules that it happened in, the outermost first."""
    read: set[int]
    made: set[int]
    written: set[int]
    """Storages, by numbers that are never used twice."""
    before: bool
    """Whether it belongs to the prefix."""

    @property
    def tells(self) -> bool:
        """Whether it tells Python something, on which what comes next may depend."""
        return not self.made


@dataclass
class _Called:
    call: Call
    parents: tuple[int, ...]
    given: set[int]
    returned: set[int] = field(default_factory=set)
    before: bool = False
    entered: int = 0
    """How many modules had been called when it ended."""


class _Trace(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch has no types here
    """Notes every operation of a pass with the storages that it reads and makes, and the modules it happens in."""

    def __init__(self, differing: Collection[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._numbers: dict[int, int] = {}
        self._alive: list[Tensor] = []
        """Everything made, so that no address is used twice while the pass is watched."""
        self._maker: dict[int, tuple[int, ...]] = {}
        self._differing = {self._number(tensor) for tensor in differing}
        self._before = True
        self._operations: list[_Operation] = []
        self._called: list[_Called] = []
        self._entered: list[str] = []
        self._inside: tuple[int, ...] = ()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = tensors_in((args, kwargs or {}))
        read = {self._number(tensor) for tensor in given}
        self._before = self._before and not (read & self._differing)
        outputs = func(*args, **(kwargs or {}))
        made = set()
        for tensor in tensors_in(outputs):
            number = self._number(tensor)
            made.add(number)
            if number not in read:
                self._maker.setdefault(number, self._inside)
        written = {self._number(tensor) for tensor in _written(func, args, kwargs or {})}
        self._operations.append(_Operation(self._inside, read, made | written, written, self._before))
        return outputs

    def call(self, name: str, forward: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run a module."""
        nth = self._entered.count(name)
        self._entered.append(name)
        given = {self._number(tensor) for tensor in tensors_in((args, kwargs))}
        called = _Called((name, nth), self._inside, given)
        self._called.append(called)
        self._inside = (*self._inside, len(self._called) - 1)
        try:
            outputs = forward(*args, **kwargs)
        finally:
            self._inside = called.parents
        called.returned = {self._number(tensor) for tensor in tensors_in(outputs)}
        called.before, called.entered = self._before, len(self._entered)
        return outputs

    def plan(self, outputs: Any) -> PrefixPlan | None:
        """Return what need not run again."""
        chosen = {
            k for k, one in enumerate(self._called) if one.before and one.returned and not one.returned & one.given
        }
        chosen -= {k for k in chosen if chosen & set(self._called[k].parents)}
        if not chosen or not self._can_be_left_out(chosen):
            return None
        needed = {self._number(tensor) for tensor in tensors_in(outputs)}
        for operation in reversed(self._operations):
            runs = not chosen & set(operation.inside)
            if not operation.before or (runs and (operation.tells or operation.made & needed)):
                needed |= operation.read
        written = {n for one in self._operations if not chosen & set(one.inside) for n in one.written}
        kept = {k for k in chosen if self._called[k].returned & needed}
        if not kept:
            return None
        return PrefixPlan(
            kept={self._called[k].call: bool(self._called[k].returned & written) for k in kept},
            skipped=frozenset(self._called[k].call for k in chosen - kept),
            entered=tuple(self._entered[: max(self._called[k].entered for k in chosen)]),
        )

    def _can_be_left_out(self, chosen: set[int]) -> bool:
        """Return whether calls work by nothing but what they return."""
        for operation in self._operations:
            inside = chosen & set(operation.inside)
            hidden = {
                number
                for number in operation.read
                for k in chosen & set(self._maker.get(number, ())) - inside
                if number not in self._called[k].returned
            }
            outside = {n for n in operation.written if inside and not inside & set(self._maker.get(n, ()))}
            if hidden or outside:
                return False
        return True

    def _number(self, tensor: Tensor) -> int:
        """Return the number of a tensor's storage."""
        address = int(tensor.untyped_storage()._cdata)
        if address not in self._numbers:
            self._numbers[address] = len(self._numbers)
            self._alive.append(tensor)
        return self._numbers[address]


def _written(func: Any, args: Any, kwargs: Mapping[str, Any]) -> list[Tensor]:
    """Return the tensors that an operation writes to."""
    arguments = func._schema.arguments
    named = {**dict(zip((one.name for one in arguments), args, strict=False)), **kwargs}
    written = [one.name for one in arguments if one.alias_info is not None and one.alias_info.is_write]
    return tensors_in([named.get(name) for name in written])
