"""Limits of time and memory for one attempt at a cell, and how they are written on the command line."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Self

from ...errors import ConfigError

LEAST_MEMORY_BYTES = 3 * 10**8
"""Least limit of memory: what Python takes once it has imported torch for the CPU alone. With CUDA it takes more, which
is told of the cell that is ended for it."""
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")
_BYTES = {
    **{unit: 1000**power for power, unit in enumerate(("b", "kb", "mb", "gb", "tb"))},
    **{unit: 1024**power for power, unit in enumerate(("kib", "mib", "gib", "tib"), 1)},
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?((?:[kmgt]i?)?b)", re.IGNORECASE)


@dataclass(frozen=True)
class CellLimits:
    """What one attempt at a cell may take; where it takes more, it is ended and its status says so.

    Raises:
        ConfigError: a limit is not finite, not above 0, or below what any worker takes.
    """

    timeout_s: float | None = None
    """Most seconds of wall time, with those of preparing the problem; None for no limit."""
    memory_bytes: int | None = None
    """Most resident memory of the worker with all processes that it has started, each page counted once; None for no
    limit."""

    def __post_init__(self) -> None:
        if self.timeout_s is not None and not (math.isfinite(self.timeout_s) and self.timeout_s > 0):
            raise ConfigError(f"the limit of time for a cell is a number of seconds above 0, found {self.timeout_s!r}")
        if self.memory_bytes is not None and self.memory_bytes < LEAST_MEMORY_BYTES:
            raise ConfigError(
                f"the limit of memory for a cell is {as_size(LEAST_MEMORY_BYTES)} at least, since Python with torch "
                f"takes that much before a cell has begun; found {as_size(self.memory_bytes)}"
            )

    @classmethod
    def parse(
        cls,
        timeout: str | None,
        memory: str | None,
        *,
        names: tuple[str, str] = ("--cell-timeout", "--cell-memory"),
    ) -> Self:
        """Return the limits that were given as texts, under these names; None stands for no limit.

        Raises:
            ConfigError: a text is no duration or no size, or out of bounds.
        """
        return cls(
            None if timeout is None else parse_duration(names[0], timeout),
            None if memory is None else parse_size(names[1], memory),
        )


NO_LIMITS = CellLimits()
"""An attempt may take as long and as much as it does."""


def parse_duration(option: str, text: str) -> float:
    """Return the seconds of a duration such as `90s`, `30m`, `2h` or `1h30m`.

    Raises:
        ConfigError: it is none; the message begins with the option's name.
    """
    found = _DURATION.fullmatch(text.strip().replace(" ", "").lower())
    seconds = 0.0
    if found is not None:
        parts = zip(found.groups(), _SECONDS.values(), strict=True)
        seconds = sum(float(number) * unit for number, unit in parts if number is not None)
    if not 0 < seconds < math.inf:
        raise ConfigError(
            f"{option} was to be a duration above 0 with its unit, such as 90s, 30m, 2h or 1h30m; found {text!r}"
        )
    return seconds


def parse_size(option: str, text: str) -> int:
    """Return the bytes of a size such as `500MB`, `8GB` (thousands) or `8GiB` (powers of 1,024).

    Raises:
        ConfigError: it is none; the message begins with the option's name.
    """
    found = _SIZE.fullmatch(text.strip())
    unit = None if found is None else _BYTES.get(found[2].lower())
    size = math.inf if found is None or unit is None else float(found[1]) * unit
    if not 0 < size < math.inf:
        raise ConfigError(
            f"{option} was to be a size above 0 with its unit, such as 500MB, 8GB or 16GiB; found {text!r}"
        )
    return int(size)


def as_duration(seconds: float) -> str:
    """Return a duration as `--cell-timeout` takes it: `90s` as `1m30s`."""
    left, parts = round(seconds, 1), []
    for unit, size in _SECONDS.items():
        number = left // size if unit != "s" else left
        if number:
            parts.append(f"{number:g}{unit}")
        left = round(left - number * size, 1)
    return "".join(parts) or f"{seconds:g}s"


def as_size(n_bytes: float) -> str:
    """Return a size as `--cell-memory` takes it, to three digits: `8.25GB`."""
    for unit in ("B", "KB", "MB"):
        told = f"{n_bytes / _BYTES[unit.lower()]:.3g}"
        if float(told) < 1000:  # once it is rounded
            return f"{told}{unit}"
    number = n_bytes / _BYTES["gb"]
    return f"{number:.3g}GB" if number < 999.5 else f"{number:,.0f}GB"
