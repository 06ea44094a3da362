"""What the options of a command ask of an engine for each cell."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ....available_cpus import available_cpus
from ....errors import ConfigError


@dataclass(frozen=True)
class CellResources:
    """The CPUs and GPUs of a cell, checked as every engine that gives out resources wants them.

    Raises:
        ConfigError: an option has a value that no engine takes, or two contradict each other.
    """

    kind: str
    """`auto`, `cpu` or `cuda`, given as `--device`."""
    cpus: float | None = None
    """None for the engine's default."""
    gpus: float | None = None
    """GPUs, or a fraction of one; None for the engine's default."""

    def __post_init__(self) -> None:
        if self.kind not in ("auto", "cpu", "cuda"):
            raise ConfigError(
                f"--device was to be auto, cpu or cuda, since the engine chooses among its nodes' devices; found "
                f"{self.kind!r}"
            )
        for option, number in self._numbers:
            if not math.isfinite(number) or number < 0:
                raise ConfigError(f"{option} was to be a number of at least 0, found {number:g}")
        if self.gpus is not None and self.gpus > 1 and not float(self.gpus).is_integer():
            raise ConfigError(f"--cell-gpus was to be a fraction of one GPU or a whole number, found {self.gpus:g}")
        if (self.kind == "cuda" and self.gpus == 0) or (self.kind == "cpu" and self.gpus):
            raise ConfigError(
                f"--device {self.kind} and --cell-gpus {self.gpus:g} contradict each other; leave one of them out"
            )

    @property
    def _numbers(self) -> list[tuple[str, float]]:
        given = (("--cell-cpus", self.cpus), ("--cell-gpus", self.gpus))
        return [(option, number) for option, number in given if number is not None]

    def require_whole(self, engine: str) -> None:
        """Raise ConfigError where an engine gives out whole CPUs and GPUs only, and at least one CPU."""
        for option, number in self._numbers:
            if not float(number).is_integer():
                raise ConfigError(f"{option} was to be a whole number, as {engine} gives them out; found {number:g}")
        if self.cpus == 0:
            raise ConfigError(f"--cell-cpus was to be at least 1, as {engine} gives them out; found 0")


def require_here(cpus: float, gpus: float | None) -> None:
    """Raise ConfigError where a cell asks for more than this machine has, for an engine that runs on it alone."""
    if cpus > (there := available_cpus()):
        raise ConfigError(f"--cell-cpus was to be at most {there}, the CPUs that this command may use, found {cpus:g}")
    if gpus:
        import torch  # only for those who ask for GPUs

        if gpus > (there := torch.cuda.device_count()):
            why = "; --device cuda asks for one" if gpus == 1 else ""
            raise ConfigError(f"--cell-gpus was to be at most {there}, the GPUs of this machine, found {gpus:g}{why}")
