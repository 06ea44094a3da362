"""Backbones that are a library's classifier with its last layer taken off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import DataError, UnsupportedError
from ..datasets.input_format import InputFormat
from ..weight_files.stored_weights import StoredWeights
from .backbone import Backbone, Head
from .encoder_fit import fitting, require_no_adapter, unwrapped
from .last_layer import classes_in, made_of, without_layer
from .meta_parameters import without_values
from .random_heads import filled


class SplitBackbone(Backbone):
    """An encoder that hands on what the last layer of a whole model would be given; that layer is a task's head.

    Args:
        model: the whole model, or an encoder alone.
        layer: the name of its last layer; None where the model has none.
        source: what messages call the model.
        inputs: what the encoder takes.
    """

    def __init__(self, model: nn.Module, layer: str | None, source: str, inputs: InputFormat) -> None:
        self.inputs = inputs
        self.source = source
        self.layer = layer
        self._template = None if layer is None else model.get_submodule(layer)
        self._encoder = model.eval() if layer is None else without_layer(model, layer).eval()
        self._names = model.state_dict().keys()

    def build(self) -> nn.Module:
        """Return the encoder on the device meta; tables that it computes have values, on the CPU."""
        return without_values(self._encoder)

    def encoder_weights(self, stored: StoredWeights, base: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """Return the weights of all layers but the last, without a prefix that training code put before them."""
        require_no_adapter(stored)
        named = self._named(stored)
        own = {name: t for name, t in named.items() if self.layer is None or not name.startswith(f"{self.layer}.")}
        return fitting(self._encoder, own, stored.source, why_missing=self._why_missing)

    def head(self, stored: StoredWeights, name: str | None = None) -> Head:
        """Return the last layer with the weights that a file holds of it, or a linear layer beside the encoder."""
        named = self._named(stored)
        found = name or self.layer or _only_layer(named, self._encoder.state_dict(), stored.source)
        tensors = _below(found, stored.tensors if name is not None else named) or _below(found, named)
        if not tensors and named and all("." not in key for key in named):
            tensors = dict(named)  # a file of a layer alone
        if not tensors:
            others = (
                ", ".join(sorted({key.rpartition(".")[0] for key in named if key not in self._names})[:4]) or "none"
            )
            raise DataError(
                f"{stored.source} holds no head {found!r}; beside the encoder it has {others}; name its head by "
                "head: {own: NAME}, or give it by head: {file: ...}"
            )
        module = made_of(self._template, tensors, stored.source, found)
        n_classes, names = classes_in(module), self.class_names(stored)
        if n_classes < 2:
            raise DataError(f"the head {found!r} of {stored.source} gives one number, expected two classes or more")
        if names is not None and len(names) != n_classes:
            raise DataError(
                f"{stored.source} names {len(names)} classes, expected {n_classes}, as many as its head tells apart"
            )
        return Head(module, names)

    def random_head(self, n_classes: int, generator: torch.Generator) -> nn.Module:
        """Return a last layer that was never trained.

        Raises:
            UnsupportedError: the model has none, so that nothing says what it would be given.
        """
        if self._template is None:
            raise UnsupportedError(
                f"{self.source} has no last layer whose width would be known, so its heads cannot be random; "
                "name one by `head`"
            )
        shapes = self._template.state_dict()
        last = next(name.rpartition(".")[0] for name in reversed(shapes))
        resized = {
            name: torch.empty((n_classes, *like.shape[1:]) if name.rpartition(".")[0] == last else like.shape)
            for name, like in shapes.items()
        }
        return filled(made_of(self._template, resized, self.source, str(self.layer)), generator)

    def class_names(self, stored: StoredWeights) -> tuple[str, ...] | None:
        """Return the names of classes that a file states; none unless a library has a place for them."""
        return None

    def _named(self, stored: StoredWeights) -> dict[str, Tensor]:
        return unwrapped(stored.tensors, self._names)

    def _why_missing(self, name: str) -> str:
        return ""

    def joined(self, params: Mapping[str, Tensor], head: Head | None) -> dict[str, Tensor]:
        """Return the weights of the whole model, on the CPU, in memory of their own."""
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in params.items()}
        if head is not None:
            prefix = "head" if self.layer is None else self.layer
            held: Mapping[str, Any] = head.module.state_dict()
            tensors |= {f"{prefix}.{key}": tensor.detach().cpu().contiguous() for key, tensor in held.items()}
        return tensors


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of a layer by their names in it."""
    return {
        name.removeprefix(f"{prefix}."): tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}.")
    }


def _only_layer(named: Mapping[str, Tensor], encoder: Mapping[str, Tensor], source: str) -> str:
    """Return the name of the only linear layer that a file holds beside an encoder."""
    beside = {name for name in named if name not in encoder and named[name].is_floating_point()}
    layers = sorted(name.rpartition(".")[0] for name in beside if name.endswith(".weight") and named[name].ndim == 2)
    if len(layers) == 1:
        return layers[0]
    if not layers and set(named) <= {"weight", "bias"} and "weight" in named:
        return "head"
    raise DataError(
        f"{source} holds {'no layer' if not layers else ', '.join(layers[:4])} beside the encoder, expected one that "
        "is its head; name it by head: {own: NAME}, or give it by head: {file: ...}"
    )
