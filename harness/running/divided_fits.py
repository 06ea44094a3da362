"""Which learners can divide a fit among several devices, found before anything is prepared."""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import ConfigError
from ...methods import METHODS
from ..cells.cell import Cell


def require_divisible(cells: Iterable[Cell], devices_per_cell: int | None) -> None:
    """Refuse several devices a cell where a learner would use one of them.

    Raises:
        ConfigError: it would; the message names the methods that divide their work.
    """
    if devices_per_cell in (None, 1):
        return
    for cell in cells:
        if not METHODS.get(cell.method).divides_work:
            able = ", ".join(name for name in METHODS.entries() if METHODS.get(name).divides_work)
            raise ConfigError(
                f"{cell.method} is fitted on one device, and --devices-per-cell asks for {devices_per_cell}; leave the "
                f"option out, or run methods that divide their work: {able}"
            )
