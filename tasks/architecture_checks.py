"""Checking that models are tensors by name that fit an architecture."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ..errors import ConfigError


def check_untied(model: nn.Module) -> None:
    """Refuse an architecture that has one parameter under two names.

    Raises:
        ConfigError: it has; the message names both.
    """
    first_name: dict[int, str] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        first = first_name.setdefault(id(parameter), name)
        if first != name:
            raise ConfigError(
                f"the architecture ties {first!r} and {name!r} to one tensor, but models are trained and merged "
                "name by name and could not be loaded back into it; give each name a parameter of its own"
            )


def require_fit(model: nn.Module, owner: str, params: Mapping[str, Tensor], pretrained: Mapping[str, Tensor]) -> None:
    """Refuse a model whose names or shapes are not the architecture's, or that lies on another device.

    Args:
        model: the architecture.
        owner: what the message calls the model: "pretrained" or a task.
        params: the model.
        pretrained: the model whose device counts.

    Raises:
        ConfigError: it does not fit.
    """
    expected = {}
    for name, value in model.state_dict().items():
        if not isinstance(value, Tensor):
            raise ConfigError(
                f"the architecture keeps {type(value).__name__} as {name}, which is no tensor and cannot be merged; "
                "pose the problem over an architecture without it"
            )
        expected[name] = value.shape
    found = {name: tensor.shape for name, tensor in params.items()}
    if found != expected:
        odd = sorted(name for name in expected | found if expected.get(name) != found.get(name))
        raise ConfigError(
            f"the weights of {owner!r} do not fit the architecture at {', '.join(odd[:3])}"
            f"{' and more' if len(odd) > 3 else ''}; every expert must share the pre-trained model's shapes"
        )
    devices = {str(tensor.device) for tensor in (*params.values(), *pretrained.values())}
    if len(devices) > 1:
        raise ConfigError(
            f"the weights of {owner!r} lie on {' and '.join(sorted(devices))}; "
            "put every model on the device that `prepare` was given"
        )
    if devices == {"meta"}:
        raise ConfigError(f"the weights of {owner!r} lie on the device meta, so they have no values; load them")


def usable_model(title: str, params: object) -> Mapping[str, Tensor]:
    """Return a model whose tensors need no gradients and can be computed with; the same object where all do.

    Raises:
        ConfigError: it is no mapping of names to dense tensors that hold values.
    """
    if not isinstance(params, Mapping):
        raise ConfigError(
            f"{title} must be a mapping of names to tensors, such as a state_dict; found {type(params).__name__}"
        )
    for name, tensor in params.items():
        if not isinstance(tensor, Tensor):
            raise ConfigError(f"{title} holds {type(tensor).__name__} in {name}, expected a tensor; leave it out")
        if tensor.layout is not torch.strided:
            raise ConfigError(f"{title} holds a sparse tensor in {name} ({tensor.layout}), expected a dense one")
    if not any(tensor.requires_grad or tensor.is_inference() for tensor in params.values()):
        return params
    # Tensors made in torch's inference mode cannot take part in training; only a copy can.
    return {n: t.detach().clone() if t.is_inference() else t.detach() for n, t in params.items()}
