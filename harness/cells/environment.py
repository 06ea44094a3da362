"""Find the versions and the machine that a result is made with, and the devices to run on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

import torch

from ...errors import ConfigError

RECORDED = ("frontrunner", "torch", "open_clip_torch", "transformers", "numpy", "pymoo", "moocore", "mlflow")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide a result, and the git commit of a checkout."""
    found = {"python": platform.python_version()}
    for package in RECORDED:
        found[package] = importlib.metadata.version(package)
    commit = _git_commit()
    if commit is not None:
        found["commit"] = commit
    return found


def machine(device: str) -> dict[str, str]:
    """Return what the cost of a result depends on: platform, processors, device, and its GPU or threads."""
    found = {"platform": platform.platform(), "cpus": str(os.cpu_count()), "device": device}
    if torch.device(device).type == "cuda":
        found["gpu"] = torch.cuda.get_device_name(device)
    else:
        found["threads"] = str(torch.get_num_threads())
    return found


def resolve_devices(device: str) -> list[str]:
    """Return the torch device names to run on, one cell at a time on each.

    `auto` means every CUDA device, or the CPU where there is none. Other names are separated by commas; a device that
    is named twice runs two cells at a time.

    Raises:
        ConfigError: a device is unknown, or this machine lacks it.
    """
    if device == "auto":
        return [f"cuda:{i}" for i in range(torch.cuda.device_count())] or ["cpu"]
    return [_checked_device(name.strip()) for name in device.split(",")]


def _checked_device(device: str) -> str:
    try:
        kind = torch.device(device)
    except RuntimeError as error:
        raise ConfigError(f"unknown device {device!r}; choose auto, cpu, cuda or cuda:N") from error
    if kind.type not in ("cpu", "cuda"):
        raise ConfigError(f"cells run on cpu or cuda:N, found {device!r}")
    require_no_number_of_cpu(kind, device)
    if kind.type == "cuda" and (not torch.cuda.is_available() or (kind.index or 0) >= torch.cuda.device_count()):
        raise ConfigError(
            f"device {device!r} is not on this machine ({torch.cuda.device_count()} CUDA devices); choose auto or cpu"
        )
    return device


def require_no_number_of_cpu(kind: torch.device, given: str) -> None:
    """Raise ConfigError where the CPU was given with a number, of which torch takes any and looks at none."""
    if kind.type == "cpu" and kind.index is not None:
        raise ConfigError(f"the CPU is one device, which has no number; give cpu, found {given!r}")


def _git_commit() -> str | None:
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
