"""The layer of a classifier that gives the logits: finding it, taking it off, and making it for other classes."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ...errors import ConfigError, DataError, UnsupportedError

MANY = 7919
"""A number of classes that is no width of a layer, so that a layer of classes can be told."""


def layer_of_classes(model: nn.Module, source: str) -> str:
    """Return the name of the layer that has `MANY` outputs.

    Raises:
        UnsupportedError: none or several have.
    """
    named = model.named_parameters(remove_duplicate=False)
    found = sorted({name.rpartition(".")[0] for name, parameter in named if MANY in parameter.shape})
    if len(found) != 1:
        raise UnsupportedError(
            f"{source} has {'no layer' if not found else ' and '.join(found)} of as many outputs as classes, expected "
            "one last layer; switch further ones off by the model's options, or give a function of yours that returns "
            "the encoder"
        )
    return found[0]


def without_layer(model: nn.Module, name: str) -> nn.Module:
    """Return a copy of a model that hands on what the layer would have been given."""
    encoder = copy.deepcopy(model)
    parent, _, own = name.rpartition(".")
    setattr(encoder.get_submodule(parent), own, nn.Identity())
    return encoder


def require_last(model: nn.Module, name: str, input_shape: Sequence[int], source: str) -> None:
    """Refuse a model that computes further with what the layer gives; it is run once without values.

    Raises:
        UnsupportedError: it does.
    """
    probe = copy.deepcopy(model).to("meta").eval()
    given: list[object] = []
    probe.get_submodule(name).register_forward_hook(lambda *call: given.append(call[-1]))
    with torch.no_grad():
        try:
            output = probe(torch.empty(tuple(input_shape), device="meta"))
        except (NotImplementedError, RuntimeError):  # code that needs values; running an example will tell
            return
    if len(given) != 1 or output is not given[0]:
        raise UnsupportedError(
            f"{source} computes further with the logits of {name}, so that cannot be split off as a head; "
            "give a function of yours that returns the encoder"
        )


def made_of(template: nn.Module | None, tensors: Mapping[str, Tensor], source: str, name: str) -> nn.Module:
    """Return a head with a file's weights: like the architecture's own layer, with the file's number of classes.

    Args:
        template: the architecture's layer, on whatever device; a linear layer when None.
        tensors: the head's weights by their names in it.
        source: what messages call the file.
        name: what they call the head.

    Raises:
        DataError: the weights are not those of such a layer.
    """
    if template is None:
        weight = tensors.get("weight")
        if weight is None or weight.ndim != 2 or not tensors.keys() <= {"weight", "bias"}:
            held = ", ".join(f"{key} {tuple(tensor.shape)}" for key, tensor in tensors.items()) or "nothing"
            raise DataError(f"{source} holds {held} as {name!r}, expected a linear layer: weight (classes, d) and bias")
        template = nn.Linear(weight.shape[1], weight.shape[0], bias="bias" in tensors, device="meta")
    head = copy.deepcopy(template)
    expected = head.state_dict()
    if expected.keys() != tensors.keys():
        odd = sorted(expected.keys() ^ tensors.keys())
        raise DataError(f"{source} holds {name!r} with other weights than {sorted(expected)}: see {', '.join(odd[:3])}")
    resized = set[str]()
    for key, like in expected.items():
        owner, _, own = key.rpartition(".")
        tensor = tensors[key]
        if tensor.shape[1:] != like.shape[1:] or tensor.is_floating_point() != like.is_floating_point():
            raise DataError(
                f"{source} holds {name}.{key} of shape {tuple(tensor.shape)}, "
                f"expected ({', '.join(['classes', *map(str, like.shape[1:])])})"
            )
        if tensor.shape != like.shape:
            resized.add(owner)
        _put(head.get_submodule(owner), own, tensor.detach().clone())
    counts = {len(tensors[key]) for key in expected if key.rpartition(".")[0] in resized}
    if len(resized) > 1 or len(counts) > 1:
        raise DataError(
            f"{source} holds {name!r} with other widths than the model's in {', '.join(sorted(resized))}, expected "
            "another number of classes in one layer alone"
        )
    return head.eval().requires_grad_(False)


def classes_in(head: nn.Module) -> int:
    """Return how many logits a head gives: the outputs of its last layer."""
    return next(len(tensor) for tensor in reversed(list(head.parameters())))


def _put(layer: nn.Module, name: str, tensor: Tensor) -> None:
    """Give a layer other values, of as many outputs as they have."""
    if name in layer._buffers:
        layer._buffers[name] = tensor
        return
    layer._parameters[name] = nn.Parameter(tensor, requires_grad=False)
    for attribute in ("out_features", "out_channels"):
        if hasattr(layer, attribute):
            setattr(layer, attribute, len(tensor))


def named_layer(encoder: nn.Module, name: object, source: str) -> str:
    """Return the name of a layer of a model.

    Raises:
        ConfigError: the model has no such layer.
    """
    names = [own for own, _ in encoder.named_modules() if own]
    if name not in names:
        raise ConfigError(
            f"{source} has no layer {name!r} to split off as a head; it ends with {', '.join(names[-3:])}"
        )
    return str(name)
