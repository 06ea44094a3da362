"""The layers of recurrent modules, which torch keeps as weights of one module (`weight_ih_l0`, `weight_ih_l1`, ...)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from torch import nn

LAYER = re.compile(r"(?:weight|bias)_(?:ih|hh|hr)_(l\d+)(?:_reverse)?")
"""The name of a weight of `nn.LSTM`, `nn.GRU` and `nn.RNN`, by torch's convention."""


def recurrent_parts(module: nn.Module, part: str, weights: Sequence[str]) -> dict[str, list[str]]:
    """Map the layers of a recurrent module of several layers to their weights; any other module as a whole, `part`.

    Both directions of a layer belong to it. Layer k of `part` is called `part.lk`.

    Args:
        module: the module.
        part: what it is called.
        weights: the names of its weights and buffers in the model.
    """
    if not isinstance(module, nn.RNNBase) or module.num_layers == 1:
        return {part: list(weights)}
    layers: dict[str, list[str]] = {}
    for name in weights:
        found = LAYER.fullmatch(name.rpartition(".")[2])
        layers.setdefault(part if found is None else f"{part}.{found[1]}", []).append(name)
    return layers


def lies_in(weight: str, part: str) -> bool:
    """Return whether a weight is, lies in, or belongs to the recurrent layer that is called `part`, such as `lstm.l1`.

    Both are names as `ParetoSet.merge_coefficients` has them.
    """
    owner, _, own = weight.rpartition(".")
    found = LAYER.fullmatch(own)
    return weight == part or weight.startswith(f"{part}.") or (found is not None and part == f"{owner}.{found[1]}")
