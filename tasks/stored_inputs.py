"""Inputs of examples, one tensor or several by name, whose rows are cut, joined and moved together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypeVar, cast

import torch
from torch import Tensor

from .device_copies import sent
from .rows import map_tensors

Inputs: TypeAlias = Tensor | Mapping[str, Tensor]
"""Inputs of n examples, (n, ...): a tensor, or several by name, such as token numbers and their mask."""

Moved = TypeVar("Moved", Tensor, Inputs)


def named_tensors(what: str, inputs: Inputs) -> list[tuple[str, Tensor]]:
    """Return every tensor with what messages call it."""
    if isinstance(inputs, Tensor):
        return [(what, inputs)]
    return [(f"{what} {name!r}", tensor) for name, tensor in inputs.items()]


def rows_at(inputs: Inputs, index: Tensor) -> Inputs:
    """Return copies of the rows at the positions `index` (k,), on whatever device that is."""
    taken: Inputs = map_tensors(lambda tensor: tensor[sent(index, tensor.device)], inputs)
    return taken


def rows_between(inputs: Inputs, start: int, stop: int) -> Inputs:
    """Return copies of the rows from `start` to before `stop`: a model may write to what it is given."""
    taken: Inputs = map_tensors(lambda tensor: tensor[start:stop].clone(), inputs)
    return taken


def as_they_are(inputs: Inputs) -> Inputs:
    """Return the inputs themselves."""
    return inputs


def joined(parts: Sequence[Inputs]) -> Inputs:
    """Join inputs along the first dimension; all parts are of one form and one shape beyond it."""
    if isinstance(parts[0], Tensor):
        return torch.cat(cast("list[Tensor]", parts))
    named = cast("list[Mapping[str, Tensor]]", parts)
    return {name: torch.cat([part[name] for part in named]) for name in parts[0]}


def moved(inputs: Moved, device: torch.device) -> Moved:
    """Return inputs on a device, without waiting for the copy where it is CUDA's, see `sent`."""
    there: Moved = map_tensors(lambda tensor: sent(tensor, device), inputs)
    return there
