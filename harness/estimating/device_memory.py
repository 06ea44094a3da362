"""How much memory a device of this machine has, and how much of it is free, without taking any of a GPU."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

import psutil

VISIBLE, ORDER = "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"
"""Which GPUs a process sees, by number or identifier, and in which order CUDA numbers them: the fastest first, if it
does not say that of `nvidia-smi`."""
OF_THE_TOOL = "PCI_BUS_ID"
MIB = 2**20


@dataclass(frozen=True)
class DeviceMemory:
    """The memory of a device, in bytes."""

    device: str
    total_bytes: int
    free_bytes: int
    """What nobody uses now; of the CPU's with what the system would take back."""

    @property
    def device_type(self) -> str:
        """Return cpu or cuda."""
        return self.device.partition(":")[0]


def memory_of(device: str) -> DeviceMemory | None:
    """Return the memory of a torch device of this machine; None where it is not known.

    A GPU's is asked of `nvidia-smi`: asking torch would take some of it for this process.
    """
    if device.startswith("cpu"):
        found = psutil.virtual_memory()
        return DeviceMemory(device, int(found.total), int(found.available))
    try:
        card = _visible(_cards(), int(device.partition(":")[2] or 0))
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return None if card is None else DeviceMemory(device, card.total_bytes, card.free_bytes)


@dataclass(frozen=True)
class _Card:
    """A GPU as `nvidia-smi` knows it."""

    identifier: str
    model: str
    total_bytes: int
    free_bytes: int


def _cards() -> list[_Card]:
    """Return the GPUs of this machine in the order of their bus.

    Raises:
        OSError, ValueError, SubprocessError: `nvidia-smi` is not there, or does not tell.
    """
    query = ["nvidia-smi", "--query-gpu=uuid,name,memory.total,memory.free", "--format=csv,noheader,nounits"]
    answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
    rows = [[value.strip() for value in line.split(",")] for line in answer.strip().splitlines()]
    return [_Card(identifier, model, int(total) * MIB, int(free) * MIB) for identifier, model, total, free in rows]


def _visible(cards: list[_Card], number: int) -> _Card | None:
    """Return the GPU that CUDA gives a number to; None where that is not known, or it shows this process none."""
    told = os.environ.get(VISIBLE)
    shown = [str(n) for n in range(len(cards))] if told is None else [name.strip() for name in told.split(",")]
    name = shown[number] if number < len(shown) else ""
    if not name.isdecimal():  # identifiers may be cut short
        named = [card for card in cards if name and card.identifier.startswith(name)]
        return named[0] if len(named) == 1 else None
    in_order = os.environ.get(ORDER) == OF_THE_TOOL or len({card.model for card in cards}) == 1
    return cards[int(name)] if in_order and int(name) < len(cards) else None
