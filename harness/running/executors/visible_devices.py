"""Which CUDA devices a process is shown, and what they are called to hide the others from one that it starts."""

from __future__ import annotations

from collections.abc import Mapping

VISIBLE = "CUDA_VISIBLE_DEVICES"


def listed_devices(environment: Mapping[str, str]) -> list[str]:
    """Return the devices that a process of these variables is shown, by name; none where nothing is hidden."""
    return [name.strip() for name in environment.get(VISIBLE, "").split(",") if name.strip()]


def visible_names(numbers: list[int], environment: Mapping[str, str]) -> list[str]:
    """Return what names the devices of a process, given by their numbers in it, in the variables of one that it starts.

    Args:
        numbers: the device `cuda:1` of a process is its number 1.
        environment: the variables of the process, which may hide devices already.
    """
    shown = listed_devices(environment)
    return [shown[number] if number < len(shown) else str(number) for number in numbers]
