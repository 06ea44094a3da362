"""What Frontrunner finds on this machine: versions, devices, folders, what is registered."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import torch

from ...errors import FrontrunnerError
from ...methods import METHODS
from ...tasks import SUITES
from ...tasks.expert_cache import cache_folder
from ..cells.environment import machine, versions
from ..records.status import Status
from ..records.store import Store, store_folder
from ..scoring.units import as_bytes


def findings(store: str | None) -> Iterator[tuple[str, str, bool]]:
    """(what, what was found, whether it is as it should be)."""
    for package, version in versions().items():
        yield package, version, True
    for what, found in machine("cpu").items():
        yield what, found, True
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            free, total = torch.cuda.mem_get_info(i)
            yield (
                f"cuda:{i}",
                f"{torch.cuda.get_device_name(i)}, {as_bytes(free)} of {as_bytes(total)} free",
                True,
            )
    else:
        yield "cuda", "none; cells run on the CPU", True
    cache = cache_folder()
    experts = list(cache.glob("experts/*.safetensors"))
    held = as_bytes(sum(file.stat().st_size for file in experts))
    yield "expert cache", f"{cache}: {len(experts)} experts, {held}{_obstacle(cache)}", not _obstacle(cache)
    folder = store_folder(store)
    if (folder / "mlflow.db").exists():
        try:
            attempts = Store(folder, create=False).attempts()
            finished = sum(attempt.status is Status.FINISHED for attempt in attempts)
            yield (
                "store",
                f"{folder}: {len(attempts)} cell runs, {finished} finished{_obstacle(folder)}",
                not _obstacle(folder),
            )
        except FrontrunnerError as error:
            yield "store", str(error), False
    else:
        yield "store", f"{folder}: not created yet{_obstacle(folder)}", not _obstacle(folder)
    for kind, registry in (("method", METHODS), ("suite", SUITES)):
        for name in registry.entries():
            try:
                registry.get(name)
                yield f"{kind} {name}", registry.origin(name), True
            except FrontrunnerError as error:
                yield f"{kind} {name}", str(error), False


def _obstacle(folder: Path) -> str:
    """Why files cannot be put there; empty when they can."""
    existing = folder
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        return f" ({existing} is not a folder)"
    if not os.access(existing, os.W_OK):
        return f" ({existing} cannot be written)"
    if shutil.disk_usage(existing).free < 100e6:
        return " (less than 100 MB free)"
    return ""
