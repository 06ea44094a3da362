"""A cache of prepared experts on disk, found by what they were made from.

It lies in the user's cache folder (`FRONTRUNNER_CACHE`): same inputs and code, same entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from .problem import Params
from .weight_files.cached_tensors import mapped_entry


class MadeElsewhere(Exception):  # noqa: N818 - no error: somebody else is at work
    """Another process is making this expert right now."""


def cached(
    key: Mapping[str, object], make: Callable[[], Params], device: torch.device, *, wait: bool = True
) -> dict[str, Tensor]:
    """Return the cached weights of `key`, made now if there are none; two processes that want the same make it once.

    On the CPU they are mapped from the cache: they use no memory of the process's own until somebody writes to them.

    Args:
        key: everything that decides the content: data, recipe, seed, code, versions (JSON values).
        make: function that computes the weights.
        device: where the result goes.
        wait: whether to wait for another process that is making the same.

    Raises:
        MadeElsewhere: another process is making it, and `wait` is False.
        DataError: the cache folder cannot be written.
    """

    def waits() -> None:
        if not wait:
            raise MadeElsewhere

    found = mapped_entry("experts", key, make, title="expert", waits=waits)
    return {name: tensor.to(device) for name, tensor in found.items()}
