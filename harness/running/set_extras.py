"""Take what a set gives besides its models right after the fit, before hours go into evaluating it.

A part that cannot be recorded is left out with a note: it must not cost the result of the fit. Where the disk is full
or memory has run out the cell ends instead, since its fit can be resumed.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from ...errors import StoreError
from ...methods import ParetoSet
from ...os_errors import of_the_system
from ...tasks import Problem
from ...tasks.cache_folder import because_in
from ...tasks.real_numbers import as_number
from ...tasks.weight_files.written_tensors import write_tensors
from ..records.coefficients import MergeCoefficients
from ..records.finished_cell import STATE
from .collect_coefficients import collect_coefficients
from .out_of_memory import is_out_of_memory
from .plain_state import plain_state
from .reason import in_one_line
from .set_diagnostics import checked_diagnostics

T = TypeVar("T")
PARAMETERS = ("trainable_parameters", "total_parameters")
"""Attributes of a set that are recorded as costs."""


@dataclass(frozen=True)
class SetExtras:
    """What a set gives besides its models."""

    costs: Mapping[str, float]
    """The set's numbers of parameters and its own diagnostics, by name."""
    coefficients: MergeCoefficients | None
    """Merge coefficients at every preference; None where the set merges no task vectors."""
    state: Path | None
    """File of the learned weights; None where there are none."""
    notes: tuple[str, ...] = field(default=())
    """A sentence for each part that was left out."""


def take_extras(
    pareto_set: ParetoSet, problem: Problem, preferences: NDArray[np.float64], taken: Mapping[str, float], folder: Path
) -> SetExtras:
    """Take what a set gives besides its models, and write its state to a folder.

    Args:
        pareto_set: the set that the fit has returned.
        problem: what it was fitted to.
        preferences: points of the simplex, shape (n, T), at which merge coefficients are collected.
        taken: costs that have been measured; diagnostics must not take their names.
        folder: the folder of the finished cell.

    Raises:
        StoreError: the state cannot be written; the fit can be resumed once that is mended.
        MemoryError, RuntimeError: memory has run out, after which the fit can be resumed too.
    """
    notes: list[str] = []

    def part(what: str, take: Callable[[], T], without: T) -> T:
        try:
            return take()
        except StoreError:  # what a full disk keeps from being written would be missing for good
            raise
        except Exception as error:  # of a third party's method
            if is_out_of_memory(error):
                raise
            notes.append(f"its {what} is left out: {in_one_line(error)}")
            return without

    costs: dict[str, float] = {}
    for name in PARAMETERS:
        value = part(name, functools.partial(_count, pareto_set, name), None)
        costs |= {} if value is None else {name: value}
    nothing: dict[str, float] = {}
    costs |= part("diagnostics()", lambda: checked_diagnostics(pareto_set, {**taken, **costs}), nothing)
    coefficients = part(
        "merge_coefficients()", lambda: collect_coefficients(pareto_set, preferences, problem.tasks), None
    )
    state = part("state(), which export makes models from,", lambda: _save_state(pareto_set, folder), None)
    return SetExtras(costs, coefficients, state, tuple(notes))


def _count(pareto_set: ParetoSet, name: str) -> float:
    value = as_number(name, getattr(pareto_set, name))
    if not 0 <= value < math.inf:
        raise ValueError(f"{name} must be 0 or more, found {value}")
    return value


def _save_state(pareto_set: ParetoSet, folder: Path) -> Path | None:
    """Write the learned weights and return the file; None where there are none."""
    state = plain_state(pareto_set.state())
    if not state:
        return None
    try:
        write_tensors(state, folder / STATE)
    except (OSError, SafetensorError) as error:
        if not of_the_system(error):
            raise
        raise StoreError(
            f"the learned weights cannot be written {because_in(folder, error)}; then the same command goes on from "
            "the last checkpoint"
        ) from error
    return folder / STATE
