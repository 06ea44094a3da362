"""An architecture that has the pre-trained weights in place of its own, so that no model is held twice."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ..errors import ConfigError


def lend_weights(model: nn.Module, pretrained: Mapping[str, Tensor]) -> None:
    """Put a model's tensors in place of an architecture's own weights and buffers, which are given up.

    Loading weights into the architecture later leaves those that it was lent as they are: it takes memory of its own
    then. Buffers that no model holds, such as positions and rotary frequencies, keep their values and go to the
    model's device.

    Args:
        model: the architecture; its own weights may be on the device meta.
        pretrained: the weights, which fit it.

    Raises:
        ConfigError: a buffer that no model holds is on the device meta, so that its values are not known.
    """
    device = next(iter(pretrained.values())).device
    for module_name, module in model.named_modules():
        prefix = f"{module_name}." if module_name else ""
        for own_name, parameter in list(module.named_parameters(recurse=False)):
            lent = pretrained.get(prefix + own_name)
            if lent is not None and type(parameter) is nn.Parameter:
                # By attribute: recurrent layers keep a list of their weights, which follows.
                setattr(module, own_name, nn.Parameter(lent, requires_grad=False))
        for own_name, buffer in list(module.named_buffers(recurse=False)):
            lent = pretrained.get(prefix + own_name)
            setattr(module, own_name, lent if lent is not None else _placed(prefix + own_name, buffer, device))
        module.register_load_state_dict_pre_hook(_take_own_memory)


def _placed(name: str, buffer: Tensor, device: torch.device) -> Tensor:
    """Return a buffer that no model holds on a device."""
    if buffer.is_meta and device.type != "meta":
        raise ConfigError(
            f"the architecture's buffer {name} has no values, it is on the device meta and no state_dict holds it; "
            "make the architecture's buffers for real, and only its weights on meta"
        )
    return buffer.to(device)


def _take_own_memory(module: nn.Module, *_: object) -> None:
    """Give a module memory of its own for what is about to be loaded into it."""
    for name, parameter in list(module.named_parameters(recurse=False)):
        if type(parameter) is nn.Parameter:
            setattr(module, name, nn.Parameter(parameter.detach().clone(), parameter.requires_grad))
    for name, buffer in list(module.named_buffers(recurse=False)):
        setattr(module, name, buffer.clone())
