"""Export the model that a recorded run gives for one preference, as a plain state dict (unloading)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ...errors import PreferenceError, StoreError
from ...methods import Context
from ...metrics import simplex_grid
from ...os_errors import because
from ...tasks import SUITES, Params, load_problem
from ...whole_file import replacing
from ..cells.environment import resolve_devices
from ..records.attempt import Attempt
from ..records.finished_cell import NOTES, STATE
from ..records.mlflow_tags import IMPORTED_FROM
from .problem_digest import digest_problem


def export_model(attempt: Attempt, weights: Mapping[str, float], folder: Path) -> Path:
    """Write `model.safetensors` (a state dict of the original architecture) and `model.json` into `folder`.

    Args:
        attempt: a finished run.
        weights: the preference: one weight for each task of the run, a point of the simplex.
        folder: created if it does not exist.

    Returns:
        The path of `model.safetensors`.

    Raises:
        PreferenceError: the tasks are not those of the run, or the set does not answer this preference.
        StoreError: the recorded weights cannot be used on this machine, or the folder cannot be written.
    """
    cell = attempt.cell
    if set(weights) != set(cell.tasks):
        raise PreferenceError(f"expected one weight for each of {', '.join(cell.tasks)}, found {', '.join(weights)}")
    learner, suite = cell.learner(), SUITES.get(cell.suite)
    if (learner.version, suite.version) != (cell.method_version, cell.suite_version):
        raise StoreError(
            f"the run was made with versions {cell.method_version} of {cell.method!r} and {cell.suite_version} of "
            f"{cell.suite!r}, installed are {learner.version} and {suite.version}; run it again"
        )
    origin = attempt.tags.get(IMPORTED_FROM)
    if origin is not None and attempt.metrics.get("trainable_parameters", 0.0) > 0:
        raise StoreError(
            f"the run was imported from {origin}, and bundles hold no weights; run it here to export models"
        )
    record = attempt.record()
    (device, *_) = resolve_devices(record.environment["device"])
    state: dict[str, Tensor] = {}
    if STATE in attempt.digests:
        state = load_file(attempt.artifact(STATE))
    if not state and attempt.metrics.get("trainable_parameters", 0.0) > 0:
        noted = attempt.artifact(NOTES).read_text(encoding="utf-8").strip() if NOTES in attempt.digests else ""
        why = f" ({' '.join(noted.split())})" if noted else ""
        raise StoreError(f"{cell.method!r} was trained but saves no state{why}, so its models cannot be made again")
    problem = load_problem(cell.suite, cell.tasks, device=device, seed=cell.seed)
    if digest_problem(problem) != record.problem:
        raise StoreError(
            "the experts made on this machine are not those of the run (another machine or version of torch); "
            "run it again here"
        )
    grid = simplex_grid(problem.n_tasks, cell.points_per_edge)
    pareto_set = learner.restore(problem, state, grid, Context(cell.seed, device))
    preference = [weights[task] for task in cell.tasks]
    about = {
        "run": attempt.run_id,
        "preference": dict(zip(cell.tasks, preference, strict=True)),
        **cell.to_json(),
    }
    return _write(pareto_set.solve(preference), about, folder)


def _write(params: Params, about: Mapping[str, Any], folder: Path) -> Path:
    """Write a model's two files, each whole or not at all, and return the path of its weights."""
    file = folder / "model.safetensors"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Merged weights are views of one flat tensor; safetensors needs separate ones.
        separate = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in params.items()}
        with replacing(file) as partial:
            save_file(separate, partial)
        with replacing(folder / "model.json") as partial:
            partial.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    except (OSError, SafetensorError) as error:
        raise StoreError(f"the model cannot be written to {folder} {because(error)}") from error
    return file
