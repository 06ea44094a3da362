"""Hold cells against the memory of the devices that they are to run on, before anything is prepared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import FrontrunnerError
from ...methods import Learner
from ...tasks import SUITES
from ...tasks.suite_file.file_suite import FileSuite
from ...tasks.suite_file.schema import RANDOM
from ..cells.cell import Cell
from ..cells.device_groups import devices_of
from ..estimating.device_memory import DeviceMemory, memory_of
from ..estimating.estimate import estimate
from ..records.status import Ending, Status
from ..scoring.units import as_bytes

CLEARLY_SMALL = 10
"""A problem whose models fit this often into what is free is not looked at."""
CERTAIN = 0.9
"""The share of an estimate that is needed for certain: it is within a tenth of what is measured."""


@dataclass
class MemoryCheck:
    """What became of holding cells against devices."""

    refused: dict[str, Ending] = field(default_factory=dict)
    """How cells end, by key, that need more than any of the devices has."""
    warnings: list[str] = field(default_factory=list)
    """A sentence on each learner that needs more than is free."""


def hold_against_memory(cells: Iterable[Cell], devices: Sequence[str]) -> MemoryCheck:
    """Return which cells cannot fit the devices of this machine, as far as estimates tell.

    Only suites of suite files are looked at, whose models may be large, and of these not the clearly small.

    Args:
        cells: those that are to run.
        devices: torch device names, or groups of them, on any of which a cell may run.
    """
    found = MemoryCheck()
    memory = _largest(devices)
    if memory is None:
        return found
    needed: dict[tuple[str, tuple[str, ...], str, int], int | None] = {}
    small: dict[tuple[str, tuple[str, ...]], bool] = {}
    for cell in cells:
        suite = SUITES.get(cell.suite)
        where = (cell.suite, cell.tasks)
        if not issubclass(suite, FileSuite):
            continue
        if where not in small:
            small[where] = _is_clearly_small(suite, cell.tasks, memory.free_bytes)
        if small[where]:
            continue
        what = (*where, cell.learner_key, cell.n_preferences)
        first = what not in needed
        if first:
            needed[what] = _needed(cell, memory.device_type)
        _judge(cell, needed[what], memory, found, told=not first)
    return found


def _judge(cell: Cell, needed: int | None, memory: DeviceMemory, found: MemoryCheck, *, told: bool) -> None:
    """Refuse a cell that needs more than there is, and warn where it needs more than is free, once a learner."""
    if needed is None:
        return
    estimated = f"by estimate its tensors need {as_bytes(needed)}"
    advice = "lower batch_size, take fewer tasks, or run it on another device"
    if needed * CERTAIN > memory.total_bytes:
        reason = f"{estimated}, and {memory.device} has {as_bytes(memory.total_bytes)} in all; {advice}"
        found.refused[cell.key] = Ending(Status.OUT_OF_MEMORY, f"not started: {reason}")
    elif needed > memory.free_bytes and not told:
        free = f"of which {memory.device} has {as_bytes(memory.free_bytes)} free"
        found.warnings.append(f"{cell.label} on {cell.suite} may run out of memory: {estimated}, {free}; {advice}")


def _largest(devices: Sequence[str]) -> DeviceMemory | None:
    """Return the device with the most memory, of those the one with the most free.

    None where that is not known, or a cell has several devices.
    """
    if any(len(devices_of(place)) > 1 for place in devices):
        return None
    known = [memory_of(device) for device in dict.fromkeys(devices)]
    if not known or any(one is None for one in known):
        return None
    found = [one for one in known if one is not None]
    if len({one.device_type for one in found}) > 1:
        return None
    return max(found, key=lambda one: (one.total_bytes, one.free_bytes))


def _is_clearly_small(suite: type[FileSuite], tasks: tuple[str, ...], free_bytes: int) -> bool:
    """Return whether the models of some tasks are a small part of what is free."""
    models = (1 + len(tasks)) * _model_bytes(suite, tasks)
    return CLEARLY_SMALL * models < free_bytes


def _model_bytes(suite: type[FileSuite], tasks: tuple[str, ...]) -> int:
    """Return the bytes of the pre-trained model: of its file where it is here, else of the architecture."""
    path = suite.file.parent / Path(suite.spec.pretrained).expanduser()
    if suite.spec.pretrained != RANDOM and path.exists():
        files = [path] if path.is_file() else [file for file in path.iterdir() if file.is_file()]
        return sum(file.stat().st_size for file in files)
    try:
        weights: Mapping[str, object] = suite().architecture(tasks).state_dict()
    except FrontrunnerError:  # it is said when the suite is prepared
        return 0
    return sum(int(getattr(tensor, "nbytes", 0)) for tensor in weights.values())


def _needed(cell: Cell, device_type: str) -> int | None:
    """Return the bytes that a cell's fit needs on its device; None where that cannot be estimated."""
    try:
        learner: Learner = cell.learner()
        found = estimate(learner, cell.suite, tasks=cell.tasks, device_type=device_type)
    except FrontrunnerError:  # of a learner that looks at values, or a file that preparing will refuse
        return None
    budget = SUITES.get(cell.suite).budget
    if found.peak_bytes is None or budget is None:
        return None
    training = learner.training_steps(budget, cell.preferences())
    models = 1 if training is None else training.runs
    return found.peak_bytes - found.mapped_bytes + (models - 1) * found.kept_bytes
