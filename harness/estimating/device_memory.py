"""How much memory a device of this machine has, and how much of it is free, without taking any of a GPU."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

import psutil

VISIBLE = "CUDA_VISIBLE_DEVICES"
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
    shown = [name.strip() for name in os.environ.get(VISIBLE, "").split(",") if name.strip()]
    number = int(device.partition(":")[2] or 0)
    name = shown[number] if number < len(shown) else str(number)
    query = ["nvidia-smi", f"--id={name}", "--query-gpu=memory.total,memory.free", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
        total, free = (int(value) * MIB for value in answer.strip().split(","))
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return DeviceMemory(device, total, free)
