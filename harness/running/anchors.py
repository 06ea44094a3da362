"""Measure the anchors of normalisation: the error of every expert on its own task, and of the pre-trained model on all.

They are measured once for every prepared problem and split, and kept in the expert cache's folder; where a file
cannot be read, they are measured again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ...tasks import Params, Problem
from ...tasks.cache_folder import cache_folder
from ...tasks.objectives import checked_objectives
from ...whole_file import replacing


@dataclass(frozen=True)
class Anchors:
    """Errors of the experts and of the pre-trained model on one split; None where one of them is NaN or infinite."""

    experts: NDArray[np.float64] | None
    """Error of expert t on task t, shape (T,)."""
    pretrained: NDArray[np.float64] | None
    """Error of the pre-trained model on every task, shape (T,)."""


def find_anchors(problem: Problem, split: str, made_with: Mapping[str, object]) -> Anchors:
    """Return the anchors of a problem from the cache, else measure them by evaluating T + 1 models.

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
    """Return errors of shape (2, T): those of the experts, then those of the pre-trained model."""
    problem.model.eval()

    def error(params: Params) -> NDArray[np.float64]:
        return checked_objectives(problem.evaluate(params, split), problem.tasks).error

    experts = [error(expert)[t] for t, expert in enumerate(problem.experts)]
    found = np.array([experts, error(problem.pretrained)], dtype=np.float64)
    if problem.device.type == "cuda":
        torch.cuda.empty_cache()  # memory reserved here must not count as the fit's
    return found


def _read(file: Path, n_tasks: int) -> NDArray[np.float64] | None:
    """Return the errors in a file, shape (2, T); None where it is missing or cannot be read."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        found = np.array([content["experts"], content["pretrained"]], dtype=np.float64)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return found if found.shape == (2, n_tasks) else None


def _write(file: Path, errors: NDArray[np.float64]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as partial:
        partial.write_text(
            json.dumps({"experts": errors[0].tolist(), "pretrained": errors[1].tolist()}), encoding="utf-8"
        )
