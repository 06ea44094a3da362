"""The process that runs one cell: `python -m frontrunner.harness.worker`, started by `cell_process`.

It reads one JSON request from standard input, writes what it measured into the scratch folder named there, and
reports on standard output, one JSON object a line. It ends when its parent does: the parent holds the other end
of standard input.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..errors import ConfigError, FrontrunnerError, StoreError, UnsupportedError
from ..methods import Context, ParetoSet
from ..metrics import simplex_grid
from ..tasks import SUITES, Problem, load_problem
from .cell import Cell
from .environment import machine, versions
from .evaluation import evaluate_members
from .front_record import FrontRecord, digest_problem
from .meter import Meter
from .plugins import load_plugins
from .reporter import Reporter
from .resumable_fit import ResumableFit


def run_cell(
    cell: Cell, device: str, scratch: Path, reporter: Reporter, *, checkpoints: Path, checkpoint_interval_s: float
) -> None:
    """Prepare, fit, evaluate, metered; a fit whose checkpoints lie in the folder `checkpoints` goes on from them.

    Leaves front.parquet, metrics.json, curve.json, config.json and, where the set has a state, state.safetensors
    in `scratch`.
    """
    if torch.device(device).type == "cuda":
        torch.cuda.set_device(device)  # so that a learner's bare "cuda" is this one
        torch.use_deterministic_algorithms(True, warn_only=True)
    else:
        torch.set_num_threads(SUITES.get(cell.suite).cpu_threads or torch.get_num_threads())
    meter = Meter(device)
    reporter.start("prepare")
    with meter.phase("prepare"):
        problem = load_problem(cell.suite, cell.tasks, device=device, seed=cell.seed, progress=reporter)
        # What the first use of a kernel or of an optimizer (it imports hundreds of modules) costs is no learner's.
        torch.optim.Adam([torch.zeros(1)])
        problem.losses(problem.pretrained, next(problem.batches("train", 2, torch.Generator())))
    learner = cell.learner()
    preferences = simplex_grid(problem.n_tasks, cell.points_per_edge)
    needs = learner.needs(problem, preferences)
    digest = digest_problem(problem)
    reporter.start("fit")
    with meter.phase("fit"):
        fit = ResumableFit(
            checkpoints,
            made_with={"problem": digest, "torch": torch.__version__, "device": machine(device).get("gpu", "cpu")},
            interval_s=checkpoint_interval_s,
            reporter=reporter,
            meter=meter,
            device=device,
        )
        pareto_set = learner.fit(
            problem, preferences, Context(cell.seed, device, progress=fit.progress, checkpoints=fit.checkpoints)
        )
    reporter.start("evaluate")
    with meter.phase("evaluate"):
        evaluation = evaluate_members(problem, pareto_set, preferences, "test", reporter)
    evaluation.front()  # refuses preferences off the simplex before anything is written
    record = FrontRecord(
        cell=cell,
        evaluation=evaluation,
        reference_point=problem.reference_point,
        pareto_front=problem.pareto_front,
        split="test",
        environment={**versions(), **machine(device)},
        problem=digest,
        hypervolume_limit=problem.hypervolume_limit,
    )
    record.write(scratch / "front.parquet")
    if state := pareto_set.state():
        from safetensors.torch import save_file

        save_file(dict(state), scratch / "state.safetensors")
    measured = fit.whole(meter.metrics)
    metrics = {
        **measured,
        # Preparing is left out of both: it depends on whether the experts were cached.
        "wall_time_s": measured["fit_time_s"] + measured["evaluate_time_s"],
        "peak_rss_bytes": max(measured["fit_peak_rss_bytes"], measured["evaluate_peak_rss_bytes"]),
        "trainable_parameters": float(pareto_set.trainable_parameters),
        "total_parameters": float(pareto_set.total_parameters),
        "model_parameters": float(problem.model_parameters),
        "front_points": float(len(evaluation.error)),
        "labelled_examples": float(needs.labelled_examples),
        "unlabelled_examples": float(needs.unlabelled_examples),
        "full_trainings": float(needs.trainings),
    }
    metrics |= _diagnostics(pareto_set, metrics)
    solve_time = time_one_answer(problem, pareto_set, meter)
    if solve_time is not None:
        metrics["solve_time_s"] = solve_time
    (scratch / "metrics.json").write_text(json.dumps(metrics))
    (scratch / "curve.json").write_text(json.dumps(reporter.curve))
    (scratch / "config.json").write_text(
        json.dumps({**cell.to_json(), "resolved": vars(learner.resolved(problem))}, indent=2)
    )


def _diagnostics(pareto_set: ParetoSet, metrics: Mapping[str, float]) -> dict[str, float]:
    """The set's own numbers, checked: they must not pass for what was measured."""
    found = {}
    for name, value in pareto_set.diagnostics().items():
        if name in metrics or not re.fullmatch(r"[\w\-.]+", name):
            raise ConfigError(
                f"diagnostics() may not name a metric {name!r}: taken, or not made of letters, digits and _-."
            )
        found[name] = float(value)
    return found


def time_one_answer(problem: Problem, pareto_set: ParetoSet, meter: Meter) -> float | None:
    """Seconds to get the weights for one new preference, median of five; None for sets that answer only their own."""
    rng = np.random.default_rng(0)
    times = []
    for preference in rng.dirichlet(np.ones(problem.n_tasks), size=5):
        start = meter.synchronized()
        try:
            pareto_set.solve(preference)
        except FrontrunnerError:
            return None
        times.append(meter.synchronized() - start)
    return float(np.median(times))


def _why(error: BaseException) -> tuple[str, str]:
    """(status, one sentence) of a failure."""
    text = f"{type(error).__name__}: {error}" if not isinstance(error, FrontrunnerError) else str(error)
    reason = " ".join(text.split())[:500]
    if isinstance(error, UnsupportedError):
        return "unsupported", reason
    named = ("can't allocate memory", "CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED")
    out_of_memory = isinstance(error, (MemoryError, torch.OutOfMemoryError)) or any(n in text for n in named)
    return ("out of memory" if out_of_memory else "failed"), reason


def attempt(request: Mapping[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Run what is asked for; the last event: `finished`, or `failed` with status, reason and whether to resume."""
    try:
        load_plugins(request["plugins"])
        run_cell(
            Cell.from_json(request["cell"]),
            request["device"],
            Path(request["scratch"]),
            reporter,
            checkpoints=Path(request["checkpoints"]),
            checkpoint_interval_s=request["checkpoint_interval_s"],
        )
    except BaseException as error:
        traceback.print_exc()
        status, reason = _why(error)
        # Any other failure would repeat itself from the same checkpoint.
        resumable = status == "out of memory" or isinstance(error, StoreError)
        return {"event": "failed", "status": status, "reason": reason, "resumable": resumable}
    return {"event": "finished"}


def _end_with_parent() -> None:
    """Standard input reaches its end when the parent is gone, however it went."""
    sys.stdin.read()
    os._exit(1)


def main() -> None:
    """Run the request on standard input."""
    # Whatever plugins or libraries print must not mix with events: they keep standard error.
    events = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    reporter = Reporter(events)
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    ended = attempt(request, reporter)
    reporter.send(**ended)
    sys.exit(ended["event"] != "finished")


if __name__ == "__main__":
    main()
