"""Holding the weights of a file against an architecture: every mistake is one sentence that names the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from ...errors import DataError
from ..precision import type_name

SHOWN = 3
"""The most names that a message lists."""


def shapes_of(model: nn.Module) -> dict[str, torch.Size]:
    """Return the shapes of an architecture's weights and persistent buffers by name."""
    return {name: tensor.shape for name, tensor in model.state_dict().items()}


def prefix_of(names: Iterable[str], expected: Collection[str]) -> str | None:
    """Return what stands before an architecture's own names in a file, such as `model.`; None where none occurs.

    Args:
        names: a file's names.
        expected: the architecture's names; the prefix that most of them are found with is taken.
    """
    wanted = frozenset(expected)
    found = Counter[str]()
    for name in names:
        parts = name.split(".")
        for start in range(len(parts)):
            own = ".".join(parts[start:])
            if own in wanted:
                found[name[: len(name) - len(own)]] += 1
    # Of prefixes that are found equally often the shortest: an outer module may hold a whole model of its own kind.
    return min(found, key=lambda prefix: (-found[prefix], len(prefix)), default=None)


def require_fit_of_file(
    tensors: Mapping[str, Tensor], expected: Mapping[str, torch.Size], source: str, architecture: str
) -> None:
    """Refuse weights that are not exactly an architecture's.

    Args:
        tensors: weights by the architecture's names.
        expected: the architecture's shapes by name.
        source: what messages call the file.
        architecture: what messages call the architecture.

    Raises:
        DataError: one is missing, has another shape, or is none of the architecture's; or floating-point types are
            mixed.
    """
    # A shape says more than a count: another size of the same architecture has both.
    for name, shape in expected.items():
        if name in tensors and tensors[name].shape != shape:
            raise DataError(
                f"{source}: expected {name} of shape {tuple(shape)} as in {architecture}, found "
                f"{tuple(tensors[name].shape)}; name the architecture that these weights are of"
            )
    if missing := [name for name in expected if name not in tensors]:
        raise DataError(
            f"{source} lacks {listed(missing)} of {architecture}; give a file with every layer, or name the "
            "architecture that these weights are of"
        )
    if unknown := [name for name in tensors if name not in expected]:
        raise DataError(
            f"{source} holds {listed(unknown)}, which {architecture} does not have; name the architecture that these "
            "weights are of, or take out of the file what belongs to no model"
        )
    _require_one_type(tensors, source)


def listed(names: Sequence[str]) -> str:
    """Return the first names of a list, and how many more there are."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more weights" if more > 0 else "")


def _require_one_type(tensors: Mapping[str, Tensor], source: str) -> None:
    """Refuse floating-point weights of several types, whose merges would be rounded differently."""
    first: tuple[str, Tensor] | None = None
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            continue
        if first is not None and tensor.dtype != first[1].dtype:
            raise DataError(
                f"{source} holds {first[0]} in {type_name(first[1])} and {name} in {type_name(tensor)}; "
                "convert all its weights to one type"
            )
        first = first or (name, tensor)
