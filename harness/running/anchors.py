"""Measure what every front is held against: the errors of experts, pre-trained model and 1-nearest-neighbour.

Every expert counts on its own task, the two others on all; experts and pre-trained model anchor normalisation.

Measured once for every prepared problem and split, they are kept beside the expert cache with a checksum. Where they
cannot be read or are damaged, they are measured again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ...checked_json import read_checked, write_checked
from ...tasks import Params, Problem
from ...tasks.cache_folder import cache_folder
from ...tasks.nearest_neighbour import nearest_neighbour_errors
from ...tasks.objectives import checked_objectives

logger = logging.getLogger("frontrunner")

NAMES = ("experts", "pretrained", "neighbour")
"""The names of the errors in a file, in the order of the fields of `Anchors`."""


@dataclass(frozen=True)
class Anchors:
    """Errors on one split; None where one of them is NaN or infinite."""

    experts: NDArray[np.float64] | None
    """Error of expert t on task t, shape (T,)."""
    pretrained: NDArray[np.float64] | None
    """Error of the pre-trained model on every task, shape (T,)."""
    neighbour: NDArray[np.float64] | None
    """Error of 1-nearest-neighbour on raw inputs on every task, (T,); None too where `nearest_neighbour_errors` has
    none."""


def find_anchors(problem: Problem, split: str, made_with: Mapping[str, object]) -> Anchors:
    """Return the anchors of a problem from the cache, else measure them: T + 1 evaluations, one comparison.

    Args:
        problem: the prepared problem.
        split: the split that they are measured on.
        made_with: everything else that the errors depend on: weights, suite with its version, tasks, seed, software,
            device (JSON values).
    """
    key = json.dumps({**made_with, "split": split}, sort_keys=True)
    file = cache_folder() / "anchors" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
    errors = _read(file, problem.n_tasks)
    if errors is None:
        errors = _measure(problem, split)
        with contextlib.suppress(OSError):  # without a cache they are measured again the next time; no cell fails
            _write(file, errors)
    return Anchors(*(found if np.isfinite(found).all() else None for found in errors))


def _measure(problem: Problem, split: str) -> NDArray[np.float64]:
    """Return errors of shape (3, T): of the experts, of the pre-trained model, of 1-nearest-neighbour or NaN."""
    problem.model.eval()

    def error(params: Params) -> NDArray[np.float64]:
        return checked_objectives(problem.evaluate(params, split), problem.tasks).error

    experts = [error(expert)[t] for t, expert in enumerate(problem.experts)]
    neighbour = nearest_neighbour_errors(problem, split)
    unknown = np.full(problem.n_tasks, np.nan)
    found = np.array(
        [experts, error(problem.pretrained), unknown if neighbour is None else neighbour], dtype=np.float64
    )
    if problem.device.type == "cuda":
        torch.cuda.empty_cache()  # memory reserved here must not count as the fit's
    return found


def _read(file: Path, n_tasks: int) -> NDArray[np.float64] | None:
    """Return the errors in a file, shape (3, T); None where it is missing, damaged or without a checksum."""
    try:
        content = read_checked(file)
        found = np.array([content[name] for name in NAMES], dtype=np.float64)
    except (OSError, KeyError):
        return None
    except (ValueError, TypeError) as error:
        logger.warning("the cached errors of experts %s are damaged (%s), measuring them again", file, error)
        return None
    return found if found.shape == (len(NAMES), n_tasks) else None


def _write(file: Path, errors: NDArray[np.float64]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_checked(file, dict(zip(NAMES, errors.tolist(), strict=True)))
