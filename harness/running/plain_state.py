"""Take the state of a Pareto set as tensors that a file can hold."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import ConfigError
from ...tasks.real_numbers import holds_masked


def plain_state(state: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return every entry of a state as a tensor of its own: no view, no gradient, nothing shared.

    Numbers, arrays and lists of numbers become tensors. A restored set is given these tensors by the same names.

    Raises:
        ConfigError: the state is no mapping of names to such values.
    """
    if not isinstance(state, Mapping):
        raise ConfigError(f"state() was to return a mapping of names to tensors, found {type(state).__name__}")
    found: dict[str, Tensor] = {}
    stored = set()
    for name, value in state.items():
        if not isinstance(name, str):
            raise ConfigError(f"state() was to name its tensors by texts, found the name {name!r}")
        tensor = _as_tensor(value, name).detach()
        memory = tensor.untyped_storage()
        # Safetensors refuses memory that is shared with another entry, and would write all of what a view looks at.
        if not tensor.is_contiguous() or memory.nbytes() != tensor.nbytes or memory.data_ptr() in stored:
            tensor = tensor.clone(memory_format=torch.contiguous_format)
        stored.add(memory.data_ptr())
        found[name] = tensor
    return found


def _as_tensor(value: Any, name: str) -> Tensor:
    if isinstance(value, Tensor):
        if value.layout != torch.strided or value.is_quantized or value.is_meta:
            raise ConfigError(f"state()[{name!r}] is a {_kind(value)} tensor, which cannot be saved; make it dense")
        return value
    if holds_masked(value):
        raise ConfigError(f"state()[{name!r}] has masked entries, which cannot be saved; fill them")
    if isinstance(value, (numbers.Real, np.ndarray, list, tuple)):
        array = np.asarray(value)
        if array.dtype.kind in "biuf":
            return torch.from_numpy(np.array(array, order="C"))  # a copy, as from_numpy refuses negative strides
    raise ConfigError(
        f"state()[{name!r}] was to be a tensor, a number or an array of numbers, found {type(value).__name__}"
    )


def _kind(tensor: Tensor) -> str:
    if tensor.is_meta:
        return "meta"
    return "quantized" if tensor.is_quantized else str(tensor.layout).removeprefix("torch.")
