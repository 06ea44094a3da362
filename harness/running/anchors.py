"""The anchors of normalisation: what every expert achieves on its own task, and the pre-trained model on all.

They are measured once for every prepared problem and split, and kept in the expert cache's folder; a file that
cannot be read is made again.
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
from ...tasks.expert_cache import cache_folder
from ...whole_file import replacing


@dataclass(frozen=True)
class Anchors:
    """Errors on one split, minimised; None where one of them is NaN or infinite."""

    experts: NDArray[np.float64] | None
    """(T,) of expert t on task t."""
    pretrained: NDArray[np.float64] | None
    """(T,) of the pre-trained model."""


def find_anchors(problem: Problem, split: str, made_with: Mapping[str, object]) -> Anchors:
    """The anchors of a problem, from the cache or measured now: T + 1 models are evaluated.

    Args:
        problem: the prepared problem.
        split: that they are measured on.
        made_with: everything else that decides them: weights, suite with its version, tasks, seed, software, device
            (JSON values).
    """
    key = json.dumps({**made_with, "split": split}, sort_keys=True)
    file = cache_folder() / "anchors" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
    errors = _read(file, problem.n_tasks)
    if errors is None:
        errors = _measure(problem, split)
        with contextlib.suppress(OSError):  # without a cache they are measured again, and no cell fails for it
            _write(file, errors)
    return Anchors(*(found if np.isfinite(found).all() else None for found in errors))


def _measure(problem: Problem, split: str) -> NDArray[np.float64]:
    """(2, T) errors: the experts', the pre-trained model's."""
    problem.model.eval()

    def error(params: Params) -> NDArray[np.float64]:
        return problem.evaluate(params, split).error

    experts = [error(expert)[t] for t, expert in enumerate(problem.experts)]
    found = np.array([experts, error(problem.pretrained)], dtype=np.float64)
    if problem.device.type == "cuda":
        torch.cuda.empty_cache()  # what it had reserved must not count as the fit's
    return found


def _read(file: Path, n_tasks: int) -> NDArray[np.float64] | None:
    """None where there is no such file, or none that can be read."""
    try:
        content = json.loads(file.read_text())
        found = np.array([content["experts"], content["pretrained"]], dtype=np.float64)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return found if found.shape == (2, n_tasks) else None


def _write(file: Path, errors: NDArray[np.float64]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as partial:
        partial.write_text(json.dumps({"experts": errors[0].tolist(), "pretrained": errors[1].tolist()}))
