"""Evaluating many models that begin alike: what they compute alike is computed once and kept.

Learners often leave a model's first layers as they are. All members of their sets then compute the same there, from the
same inputs, and what the first of them has computed is what the others would: bit for bit.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psutil
import torch
from torch import Tensor

from .prefix_trace import Call, ModuleCalls, PrefixPlan, plan_prefix
from .problem import Params, Problem
from .rows import map_tensors, tensors_in

SUMS = 64
"""Sums by which a large input is told from others, of every 64th number each."""
SHARE_OF_FREE = 0.25
"""Share of the free memory that what is kept takes at most."""


@dataclass(frozen=True)
class _Pass:
    """What is kept of one forward pass."""

    inputs: tuple[Tensor, ...]
    """Marks of its inputs, see `_mark`."""
    plan: PrefixPlan
    outputs: Mapping[Call, Any]
    """What is handed out, on the device meta where any values will do."""
    versions: tuple[tuple[Tensor, int], ...]
    """Every tensor that is kept with its version, by which it is known whether somebody wrote to it."""

    @property
    def n_bytes(self) -> int:
        """Memory that is kept."""
        storages = [tensor.untyped_storage() for tensor, _ in self.versions]
        return sum({int(storage._cdata): storage.nbytes() for storage in storages}.values())

    def is_of(self, inputs: tuple[Tensor, ...]) -> bool:
        """Return whether a pass over these inputs computes what is kept."""
        untouched = all(tensor._version == version for tensor, version in self.versions)
        return untouched and len(inputs) == len(self.inputs) and all(map(torch.equal, inputs, self.inputs))


class SharedPrefix:
    """Runs the first layers that the members of one set share once for every batch.

    Args:
        problem: evaluates members one after the other, each within `member`, on one split.
        max_bytes: the most memory for what is kept; `room_for(problem)` when None.
    """

    def __init__(self, problem: Problem, max_bytes: int | None = None) -> None:
        self._model = problem.model
        self._free = room_for(problem) if max_bytes is None else max_bytes
        self._weights: dict[str, tuple[weakref.ref[Tensor], int]] | None = None
        self._differing: set[str] = set()
        self._passes: dict[int, _Pass] = {}
        self._plan: PrefixPlan | None = None
        self._number = 0
        self.passes_shared = 0
        """How many forward passes began with what was kept."""

    @contextlib.contextmanager
    def member(self, params: Params) -> Iterator[None]:
        """Within the context, passes of the architecture with these weights begin with what others have computed."""
        if not self._begins_alike(params):
            yield
            return
        self._number = 0
        own = self._model.forward

        def forward(*args: Any, **kwargs: Any) -> Any:
            if torch.is_grad_enabled():
                return own(*args, **kwargs)
            return self._run(params, own, args, kwargs)

        self._model.__dict__["forward"] = forward
        try:
            yield
        finally:
            self._model.__dict__.pop("forward", None)

    def _begins_alike(self, params: Params) -> bool:
        """Return whether a member has the weights of those before it, but for some; forget what was kept otherwise.

        The first member tells nothing: only between two is there a difference.
        """
        if "forward" in self._model.__dict__ or not all(isinstance(tensor, Tensor) for tensor in params.values()):
            return False
        known = self._weights
        try:
            self._weights = {name: (weakref.ref(tensor), tensor._version) for name, tensor in params.items()}
        except RuntimeError:  # tensors made in inference mode do not tell whether they were written to
            self._weights, self._differing = None, set()
            self._passes.clear()
            return False
        if known is None:
            return False
        differing = {
            name
            for name, tensor in params.items()
            if (before := known.get(name)) is None or before[0]() is not tensor or before[1] != tensor._version
        }
        if not differing <= self._differing:
            self._differing |= differing
            self._free += sum(one.n_bytes for one in self._passes.values())
            self._passes.clear()
            self._plan = None
        return len(self._differing) < len(params)

    def _run(self, params: Params, own: Any, args: Any, kwargs: Any) -> Any:
        """Run a pass, from what is kept of the same one if something is."""
        number, self._number = self._number, self._number + 1
        found = self._passes.get(number)
        if found is None and self._free <= 0:
            return own(*args, **kwargs)
        inputs = tuple(map(_mark, tensors_in((args, kwargs))))
        if found is not None:
            if found.is_of(inputs):
                try:
                    outputs = self._replayed(found, own, args, kwargs)
                except torch.OutOfMemoryError:
                    raise
                except Exception:  # of code that cannot do with any values in place of those that are not needed
                    self._passes.clear()
                    self._free = 0
                    return own(*args, **kwargs)
                self.passes_shared += 1
                return outputs
            self._free += self._passes.pop(number).n_bytes
        plan = self._planned(params, own, args, kwargs)
        if plan is None:
            self._free = 0
            return own(*args, **kwargs)
        recording = _Recording(plan)
        with ModuleCalls(self._model, recording):
            outputs = own(*args, **kwargs)
        if (made := recording.made(inputs)) is not None:
            self._free -= made.n_bytes
            if self._free >= 0:
                self._passes[number] = made
        return outputs

    def _replayed(self, found: _Pass, own: Any, args: Any, kwargs: Any) -> Any:
        """Run a pass without the modules whose outputs are kept, or not needed."""
        names = {name for name, _ in (*found.plan.kept, *found.plan.skipped)}
        with ModuleCalls(self._model, _Replay(found), names):
            return own(*args, **kwargs)

    def _planned(self, params: Params, own: Any, args: Any, kwargs: Any) -> PrefixPlan | None:
        """Return what need not run again, found by a pass over one example; None where there is nothing."""
        if self._plan is None:
            n = next((len(tensor) for tensor in tensors_in((args, kwargs)) if tensor.ndim), 0)

            def first(tensor: Tensor) -> Tensor:
                return tensor[:1].clone() if tensor.ndim and len(tensor) == n else tensor.clone()

            some, named = map_tensors(first, (args, kwargs))
            try:
                self._plan = plan_prefix(
                    self._model, lambda: own(*some, **named), [params[name] for name in self._differing]
                )
            except torch.OutOfMemoryError:
                raise
            except Exception:  # of whatever the model does; the pass itself will tell
                self._plan = None
        return self._plan


class _Recording:
    """Runs every module, and keeps the outputs of those that a plan names."""

    def __init__(self, plan: PrefixPlan) -> None:
        self._plan, self._entered = plan, list[str]()
        self._last: tuple[str, ...] = ()
        self._versions: list[tuple[Tensor, int]] = []
        self._outputs: dict[Call, Any] = {}

    def __call__(self, name: str, forward: Any, *args: Any, **kwargs: Any) -> Any:
        call = (name, self._entered.count(name))
        self._entered.append(name)
        outputs = forward(*args, **kwargs)
        if call in self._plan.skipped:
            self._outputs[call] = map_tensors(lambda tensor: tensor.to("meta"), outputs)
            self._last = tuple(self._entered)
        elif call in self._plan.kept:
            copied = self._plan.kept[call]
            self._outputs[call] = map_tensors(lambda tensor: tensor.clone() if copied else tensor, outputs)
            self._versions += [(tensor, tensor._version) for tensor in tensors_in(self._outputs[call])]
            self._last = tuple(self._entered)
        return outputs

    def made(self, inputs: tuple[Tensor, ...]) -> _Pass | None:
        """Return what is kept, once the pass has ended; None where it went another way than the one planned with."""
        found = _Pass(inputs, self._plan, self._outputs, tuple(self._versions))
        complete = self._outputs.keys() == {*self._plan.kept, *self._plan.skipped}
        return found if complete and self._last == self._plan.entered and found.is_of(inputs) else None


class _Replay:
    """Returns what is kept in place of running modules."""

    def __init__(self, found: _Pass) -> None:
        self._found, self._calls = found, dict[str, int]()

    def __call__(self, name: str, forward: Any, *args: Any, **kwargs: Any) -> Any:
        call = (name, self._calls.get(name, 0))
        self._calls[name] = call[1] + 1
        outputs = self._found.outputs.get(call)
        if outputs is None:
            return forward(*args, **kwargs)
        if call in self._found.plan.skipped:
            device = self._found.inputs[0].device
            # Zeros, for they may become places in a table on the way: others could lie outside.
            return map_tensors(lambda tensor: torch.zeros_like(tensor, device=device), outputs)
        copied = self._found.plan.kept[call]
        return map_tensors(lambda tensor: tensor.clone() if copied else tensor, outputs)


def room_for(problem: Problem) -> int:
    """Return how many bytes an evaluation may keep: as many as the experts have, of free memory a quarter at most."""
    experts = problem.n_tasks * sum(tensor.nbytes for tensor in problem.pretrained.values())
    if problem.device.type == "cuda":
        free = torch.cuda.mem_get_info(problem.device)[0]
    else:
        free = psutil.virtual_memory().available
    return int(min(experts, SHARE_OF_FREE * free))


def _mark(tensor: Tensor) -> Tensor:
    """Return what other inputs are told by: a copy of small ones, else `SUMS` sums over the bits of every example."""
    flat = torch.view_as_real(tensor) if tensor.is_complex() else tensor
    flat = flat.reshape(len(flat), -1) if flat.ndim else flat.reshape(1, 1)
    if flat.shape[1] <= SUMS * 8:
        return flat.clone()
    if flat.is_floating_point():
        flat = flat.contiguous().view({1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[flat.itemsize])
    whole = flat.shape[1] - flat.shape[1] % SUMS
    parts = flat[:, :whole].view(len(flat), -1, SUMS).sum(dim=1, dtype=torch.int64)
    return torch.cat([parts, flat[:, whole:].to(torch.int64)], dim=1)
