"""Read the device that a script names, or refuse it in one sentence."""

from __future__ import annotations

import torch

from ..errors import ConfigError


def as_device(device: object) -> torch.device:
    """Return torch's device of a name such as `cpu` or `cuda:0`, or of a device; whether it is here is not looked at.

    Raises:
        ConfigError: torch knows no such device.
    """
    expected = "a device is cpu, cuda, cuda:N or another that torch knows"
    if not isinstance(device, str | torch.device):
        raise ConfigError(f"{expected}; found {device!r}")
    try:
        return torch.device(device)
    except RuntimeError as error:
        raise ConfigError(f"{expected}; found {device!r}") from error
