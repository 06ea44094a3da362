"""Finding a model's weights among what a training script saved with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ...errors import DataError
from .inert import Inert, module_tensors

WRAPPERS = (
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "module",
    "net",
    "network",
    "weights",
    "params",
)
"""What training scripts call the model in a checkpoint, by preference."""
BESIDE = ("optim", "sched", "scaler", "ema", "rng", "args", "config", "hyper", "callbacks", "loops")
"""How entries begin that are no model: the optimizer's state, averages of weights, settings."""


def tensors_of(content: Any, source: str) -> dict[str, Tensor]:
    """Return the weights in what a file holds, in the file's order, without the entries that are no tensors.

    A checkpoint's entry called `state_dict`, `model` and the like is taken, else all that hold tensors; a part within
    parts gives its tensors its name, as in `encoder.weight`.

    Raises:
        DataError: there are none, or one is sparse or quantised.
    """
    tensors = dict(_found(content, source, 8))
    if not tensors:
        held = f"a {type(content).__name__}"
        if isinstance(content, Mapping):
            held = f"the entries {', '.join(map(str, list(content)[:5]))}" if content else "nothing"
        raise DataError(f"{source} holds no weights, but {held}; give a file of a model's state_dict()")
    for name, tensor in tensors.items():
        if tensor.layout is not torch.strided or tensor.is_quantized:
            kind = "quantised" if tensor.is_quantized else "sparse"
            raise DataError(f"{source} holds {name} as a {kind} tensor; save it as a dense one")
    return tensors


def _found(content: Any, source: str, levels: int) -> Mapping[str, Tensor]:
    if isinstance(content, Inert):
        return module_tensors(content, source)
    if not isinstance(content, Mapping) or levels == 0:
        return {}
    for wrapper in WRAPPERS:
        if inner := _found(content.get(wrapper), source, levels - 1):
            return inner
    tensors: dict[str, Tensor] = {}
    for name, value in content.items():
        if isinstance(value, Tensor):
            tensors[str(name)] = value
        elif isinstance(value, Mapping | Inert) and not str(name).lower().startswith(BESIDE):
            inner = _found(value, source, levels - 1)
            tensors |= {f"{name}.{part}": tensor for part, tensor in inner.items()}
    return tensors
