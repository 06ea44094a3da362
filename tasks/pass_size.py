"""How many examples a forward pass without gradients takes at once, so that it fits in memory."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from .rows import map_tensors, tensors_in

MOST_EXAMPLES = 500
"""Examples of one forward pass, at most."""
LARGEST_BYTES = 2**26
"""Memory that the largest tensor of a forward pass may take on a GPU; a few of about its size are held at a time."""
LARGEST_CPU_BYTES = 2**23
"""The same on the CPU, where the system takes back what larger ones free, and fills it with zeros for the next."""


class PassSize:
    """Tells how many examples a pass takes, from what one example of the same shape takes, found once a shape.

    Free memory does not matter, so that the same problem is computed in the same batches on every machine.

    Args:
        device_type: `cpu`, or what models run on in its place.
    """

    def __init__(self, device_type: str = "cpu") -> None:
        self._most = LARGEST_CPU_BYTES if device_type == "cpu" else LARGEST_BYTES
        self._bytes: dict[Hashable, int] = {}

    def n_examples(self, inputs: Any, run: Callable[[Any], Any]) -> int:
        """Return how many examples like these one pass takes, 1 to `MOST_EXAMPLES`.

        Args:
            inputs: stored inputs (n, ...) of one example or more.
            run: runs the model on stored inputs.
        """
        shape = tuple((tensor.shape[1:], tensor.dtype) for tensor in tensors_in(inputs))
        if shape not in self._bytes:
            one = map_tensors(lambda tensor: tensor[:1].clone(), inputs)
            self._bytes[shape] = largest_made(lambda: run(one))
        return max(1, min(MOST_EXAMPLES, self._most // max(1, self._bytes[shape])))


def largest_made(function: Callable[[], Any]) -> int:
    """Call a function without gradients and return the bytes of the largest tensor that torch made meanwhile."""
    watch = _Largest()
    with torch.no_grad(), watch:
        function()
    return watch.n_bytes


class _Largest(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch has no types here
    """Looks at what every operation makes; views, of weights above all, are nothing new."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.n_bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        outputs = func(*args, **(kwargs or {}))
        given = {_memory(tensor) for tensor in tensors_in((args, kwargs or {}))}
        for tensor in tensors_in(outputs):
            if _memory(tensor) not in given:
                self.n_bytes = max(self.n_bytes, tensor.untyped_storage().nbytes())
        return outputs


def _memory(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)
