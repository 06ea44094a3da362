"""The devices that one cell runs on, as one name: those of its processes, joined by `+`."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import ConfigError

_JOINT = "+"


def device_groups(devices: Sequence[str], per_cell: int) -> list[str]:
    """Return the names of what runs a cell at a time each: groups of `per_cell` devices.

    CUDA devices are taken in their order, and each belongs to one group; one that is named twice is shared by two
    processes. The CPU is a group by itself: its processes divide its threads.

    Raises:
        ConfigError: the devices make no whole groups.
    """
    if per_cell < 1:
        raise ConfigError(f"devices per cell are a whole number of 1 or more, found {per_cell}")
    cpus = [device for device in devices if device == "cpu"]
    others = [device for device in devices if device != "cpu"]
    if len(others) % per_cell:
        raise ConfigError(
            f"{per_cell} devices per cell need {per_cell} CUDA devices or a multiple of them, "
            f"found {len(others)} ({', '.join(others)}); name others by --device"
        )
    groups = [others[first : first + per_cell] for first in range(0, len(others), per_cell)]
    return [joined(group) for group in [*groups, *([cpu] * per_cell for cpu in cpus)]]


def joined(devices: Sequence[str]) -> str:
    """Return the name of a group of devices."""
    return _JOINT.join(devices)


def devices_of(group: str) -> tuple[str, ...]:
    """Return the torch devices of a group, one for each process of a fit."""
    return tuple(group.split(_JOINT))
