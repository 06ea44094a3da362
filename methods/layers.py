"""Layers, told by the names of their weights, and how many of them a rule reached."""

from __future__ import annotations

from collections.abc import Iterable

PARAMETRIZATIONS = ".parametrizations."
"""What torch puts between a module's name and the names of the tensors that one of its weights is computed from."""


def layer_of(name: str) -> str:
    """Return the name of the module that holds a weight, '' for the model itself.

    What a parametrization stores belongs to the module that it parametrizes, as all its other weights do.
    """
    owner, found, _ = f".{name}".partition(PARAMETRIZATIONS)
    return owner[1:] if found else name.rpartition(".")[0]


def layers_of(names: Iterable[str]) -> frozenset[str]:
    """Return the layers of some weights: the modules that hold one or more of them."""
    return frozenset(layer_of(name) for name in names)
