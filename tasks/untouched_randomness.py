"""Looking at a model without using up anyone's random numbers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor

from ..errors import ConfigError


@contextlib.contextmanager
def untouched_randomness(device: torch.device) -> Iterator[None]:
    """Put torch's global generators, those of the CPU and of `device`, back to where they were afterwards."""
    with torch.random.fork_rng(devices=[device.index] if device.type == "cuda" else []):
        yield


@contextlib.contextmanager
def unused_randomness(device: torch.device, what: str) -> Iterator[None]:
    """Refuse what draws random numbers from torch's global generators, and put these back to where they were.

    Args:
        device: the device whose generator is watched, beside the CPU's.
        what: what runs, for the message.

    Raises:
        ConfigError: it draws some.
    """
    with untouched_randomness(device):
        before = _states(device)
        yield
        if not all(map(torch.equal, before, _states(device))):
            raise ConfigError(
                f"{what} draws random numbers in evaluation mode, so that no result could be had again; where dropout "
                "is a function, write F.dropout(x, p, self.training)"
            )


def _states(device: torch.device) -> list[Tensor]:
    states = [torch.get_rng_state()]
    return [*states, torch.cuda.get_rng_state(device)] if device.type == "cuda" else states
