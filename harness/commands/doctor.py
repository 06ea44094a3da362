"""Report what Frontrunner finds on this machine, and whether it can work with that: `frontrunner doctor`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from ...errors import ConfigError, FrontrunnerError
from .console import StoreOption, open_console, place_of

if TYPE_CHECKING:
    from ..records.open_store import StorePlace

LEAST_FREE_BYTES = 100e6
"""A folder on a disk with less free space than this is reported as an obstacle."""

Finding = tuple[str, str, bool]
"""One checked item: (what was looked at, what was found, whether it is as it should be)."""


def doctor(store: StoreOption = None) -> None:
    """Check versions, devices, caches, the store, and that every method, suite and indicator can be imported."""
    console = open_console()
    healthy = True
    for what, found, fine in findings(store):
        mark = ("✓", "green") if fine else ("✗", "red")
        console.print(Text.assemble(mark, f" {what:24s} {found}"), soft_wrap=True)
        healthy &= fine
    if not healthy:
        raise ConfigError("something above is not as it should be")


def findings(store: str | None) -> Iterator[Finding]:
    """Yield everything that is checked, in the order in which it is shown.

    Args:
        store: the store's folder as it was given on the command line.
    """
    from ..cells.environment import machine, versions

    for what, found in {**versions(), **machine("cpu")}.items():
        yield what, found, True
    yield from _cuda_devices()
    yield _cache()
    yield _store(place_of(store))
    yield from _registered()


def _cuda_devices() -> Iterator[Finding]:
    import torch

    from ..scoring.units import as_bytes

    if not torch.cuda.is_available():
        yield "cuda", "none; cells run on the CPU", True
        return
    for i in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(i)
        yield f"cuda:{i}", f"{torch.cuda.get_device_name(i)}, {as_bytes(free)} of {as_bytes(total)} free", True


def _cache() -> Finding:
    """Report what the cache folder holds: experts, weights that were converted or drawn, decoded examples."""
    from ...tasks.cache_folder import cache_folder
    from ..scoring.units import as_bytes

    cache = cache_folder()
    parts = []
    for part in ("experts", "weights", "examples"):
        held = sum(file.stat().st_size for file in cache.glob(f"{part}/**/*") if file.is_file())
        parts.append(f"{as_bytes(held)} of {part}")
    obstacle = _obstacle(cache)
    if cache.is_dir() and not os.access(cache, os.W_OK) and os.access(cache, os.R_OK | os.X_OK):  # a cluster's
        return "cache", f"{cache}: {', '.join(parts)} (cannot be written; what is in it is used)", True
    return "cache", f"{cache}: {', '.join(parts)}{obstacle}", not obstacle


def _store(place: StorePlace) -> Finding:
    from ..records.open_store import is_there, open_store, own_folder
    from ..records.status import Status

    folder = own_folder(place)
    if not is_there(place):
        return "store", f"{folder}: not created yet{_obstacle(folder)}", not _obstacle(folder)
    try:
        attempts = open_store(place, create=False).attempts()
    except FrontrunnerError as error:
        return "store", str(error), False
    finished = sum(attempt.status is Status.FINISHED for attempt in attempts)
    found = f"{place}: {len(attempts)} cell runs, {finished} finished{_obstacle(folder)}"
    return "store", found, not _obstacle(folder)


def _registered() -> Iterator[Finding]:
    from ...methods import METHODS
    from ...metrics import INDICATORS
    from ...tasks import SUITES

    for kind, registry in (("method", METHODS), ("suite", SUITES), ("indicator", INDICATORS)):
        for name in registry.entries():
            try:
                registry.get(name)
                yield f"{kind} {name}", registry.origin(name), True
            except FrontrunnerError as error:
                yield f"{kind} {name}", str(error), False


def _obstacle(folder: Path) -> str:
    """Return why files cannot be put into a folder, or '' if they can."""
    existing = folder
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        return f" ({existing} is not a folder)"
    if not os.access(existing, os.W_OK):
        return f" ({existing} cannot be written)"
    if shutil.disk_usage(existing).free < LEAST_FREE_BYTES:
        return " (less than 100 MB free)"
    return ""
