"""Follow the memory of fake tensors: what came to be while they were computed with, what for, and until when."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor

from .memory_parts import MemoryPart, Storage
from .stand_in_values import StandInNumbers, tensors_of


class LiveStorages(StandInNumbers):  # type: ignore[no-untyped-call] # torch has no types here
    """Keeps a record of every storage that an operation on fake tensors makes.

    A storage is taken for what `making` says, or for a gradient where a backward pass makes it, until `assign` says
    better. What is pinned counts nothing: it lies in the memory of the CPU, whichever device is counted for. Torch's
    own `MemTracker` tells modules apart; here a model's weights come from outside of it.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # as above
        self.storages: list[Storage] = []
        """All that there were, in the order in which they came to be."""
        self.making = MemoryPart.ACTIVATIONS
        """What new storages are taken for."""
        self.looks_on = True
        """Whether what is made is recorded at once; what is made while it is not, when it is first asked for."""
        self._live: dict[int, tuple[Storage, weakref.ref[Any]]] = {}
        self._now = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten._pin_memory.default and isinstance(args[0], FakeTensor):
            pinned = torch.empty_like(args[0])
            self.storage_of(pinned).n_bytes = 0
            return pinned
        outputs = super().__torch_dispatch__(func, types, args, kwargs)
        for tensor in tensors_of(outputs) if self.looks_on else ():
            if isinstance(tensor, FakeTensor):
                self.storage_of(tensor)
        return outputs

    def moment(self) -> int:
        """Return a number for now, above those of all that happened before."""
        self._now += 1
        return self._now

    def storage_of(self, tensor: Tensor) -> Storage:
        """Return the record of a fake tensor's storage, made now if there is none."""
        memory = tensor.untyped_storage()
        key = int(memory._cdata)
        if key not in self._live:
            part = MemoryPart.GRADIENTS if _in_backward() and self.making is not MemoryPart.OPTIMISER else self.making
            storage = Storage(memory.nbytes(), part, self.moment())

            def freed(_: object) -> None:
                storage.died = self.moment()
                self._live.pop(key, None)

            self.storages.append(storage)
            self._live[key] = (storage, weakref.ref(memory, freed))
        return self._live[key][0]

    def hold(self, n_bytes: int, part: MemoryPart) -> None:
        """Count memory that is in use from now on, and is nothing that operations on fake tensors make."""
        self.storages.append(Storage(n_bytes, part, self.moment()))

    def assign(self, tensors: Iterable[Tensor], part: MemoryPart, *, settled: bool = True) -> None:
        """Say what tensors are for, unless that is settled.

        Args:
            tensors: fake ones; others are left alone.
            part: what they are for.
            settled: whether nothing later may say otherwise.
        """
        for tensor in tensors:
            if isinstance(tensor, FakeTensor):
                storage = self.storage_of(tensor)
                if not storage.settled:
                    storage.part, storage.settled = part, settled


def _in_backward() -> bool:
    """Return whether autograd is going backward, and does not run a part of the model again."""
    return torch._C._current_autograd_node() is not None and not torch.is_grad_enabled()
