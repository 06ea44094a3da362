"""The process that runs one cell, started by `cell_process`.

It is given one request and a connection to its parent, writes what it measured into the scratch folder named in
the request, and reports events to the parent. It ends when its parent does, which holds the connection's other end.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from ...errors import FrontrunnerError, StoreError, UnsupportedError
from ...methods import Context
from ...metrics import simplex_grid
from ...tasks import SUITES, load_problem
from ..cells.cell import Cell
from ..cells.environment import machine, versions
from ..cells.plugins import load_plugins
from ..records.front_record import FrontRecord
from .anchors import find_anchors
from .collect_coefficients import collect_coefficients
from .evaluate import evaluate_members
from .fit_probe import FitProbe
from .meter import Meter
from .problem_digest import digest_problem
from .resumable_fit import ResumableFit
from .set_diagnostics import checked_diagnostics, time_one_answer
from .worker_events import Reporter


@dataclass(frozen=True)
class Request:
    """What a worker is asked to do, and where it stands while it does."""

    cell: Mapping[str, Any]
    """`Cell.to_json`; read once the plugins are loaded."""
    device: str
    plugins: tuple[str, ...]
    scratch: str
    """Folder for what it measures."""
    checkpoints: str
    """Folder of the fit's state; outlives the attempt."""
    checkpoint_interval_s: float
    probes: int
    """How often the set in the making is scored on the way; 0 for an undisturbed fit."""
    folder: str
    """Working directory."""
    environment: Mapping[str, str]


def run_cell(cell: Cell, request: Request, reporter: Reporter) -> None:
    """Prepare, fit, evaluate, metered; a fit that has left checkpoints goes on from them.

    Leaves front.parquet, metrics.json, curve.json, config.json and, where the set has a state or merges task
    vectors, state.safetensors and routing.parquet in the scratch folder.
    """
    device, scratch = request.device, Path(request.scratch)
    if torch.device(device).type == "cuda":
        torch.cuda.set_device(device)  # so that a learner's bare "cuda" is this one
        torch.use_deterministic_algorithms(True, warn_only=True)
    else:
        torch.set_num_threads(SUITES.get(cell.suite).cpu_threads or torch.get_num_threads())
    # Not while memory is metered: it asks other programs, and a process that is being forked counts twice.
    environment = {**versions(), **machine(device)}
    made_by = {"torch": torch.__version__, "device": environment.get("gpu", "cpu")}
    meter = Meter(device)
    reporter.start("prepare")
    with meter.phase("prepare"):
        problem = load_problem(cell.suite, cell.tasks, device=device, seed=cell.seed, progress=reporter)
        # What the first use of a kernel or of an optimizer (it imports hundreds of modules) costs is no learner's.
        torch.optim.Adam([torch.zeros(1)])
        problem.losses(problem.pretrained, next(problem.batches("train", 2, torch.Generator())))
        digest = digest_problem(problem)
        anchors = find_anchors(
            problem,
            cell.split,
            {
                "problem": digest,
                "suite": [cell.suite, cell.suite_version, *cell.tasks],
                "seed": cell.seed,
                **made_by,
            },
        )
    learner = cell.learner()
    preferences = simplex_grid(problem.n_tasks, cell.points_per_edge)
    needs = learner.needs(problem, preferences)
    probe = FitProbe(
        problem,
        split="val",
        times=request.probes,
        reporter=reporter,
        clock=meter.synchronized,
        fit_time_s=lambda: fit.elapsed_s,
    )
    reporter.start("fit")
    with meter.phase("fit"):
        fit = ResumableFit(
            Path(request.checkpoints),
            made_with={"problem": digest, **made_by},
            interval_s=request.checkpoint_interval_s,
            reporter=reporter,
            meter=meter,
            device=device,
            uncounted_s=lambda: probe.time_s,
        )
        pareto_set = learner.fit(
            problem,
            preferences,
            Context(cell.seed, device, progress=fit.progress, checkpoints=fit.checkpoints, probe=probe),
        )
    if cell.split == "test":  # a trial's whole front is looked at on the probe's split anyway
        probe.finish(pareto_set, fit.whole(meter.metrics)["fit_time_s"])
    reporter.start("evaluate")
    with meter.phase("evaluate"):
        evaluation = evaluate_members(problem, pareto_set, preferences, cell.split, reporter)
    evaluation.front()  # refuses preferences off the simplex before anything is written
    record = FrontRecord(
        cell=cell,
        evaluation=evaluation,
        reference_point=problem.reference_point,
        pareto_front=problem.pareto_front,
        split=cell.split,
        environment=environment,
        problem=digest,
        hypervolume_limit=problem.hypervolume_limit,
        specialist=anchors.specialist,
        pretrained=anchors.pretrained,
    )
    record.write(scratch / "front.parquet")
    routing = collect_coefficients(pareto_set, preferences, problem.tasks)
    if routing is not None:
        routing.write(scratch / "routing.parquet")
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
    metrics |= checked_diagnostics(pareto_set, metrics)
    solve_time = time_one_answer(problem, pareto_set, meter)
    if solve_time is not None:
        metrics["solve_time_s"] = solve_time
    (scratch / "metrics.json").write_text(json.dumps(metrics))
    (scratch / "curve.json").write_text(json.dumps(reporter.curve))
    (scratch / "config.json").write_text(
        json.dumps({**cell.to_json(), "resolved": vars(learner.resolved(problem))}, indent=2)
    )


def _why(error: BaseException) -> tuple[str, str]:
    """(status, one sentence) of a failure."""
    text = f"{type(error).__name__}: {error}" if not isinstance(error, FrontrunnerError) else str(error)
    reason = " ".join(text.split())[:500].encode(errors="backslashreplace").decode()  # a database wants UTF-8
    if isinstance(error, UnsupportedError):
        return "unsupported", reason
    named = ("can't allocate memory", "CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED")
    out_of_memory = isinstance(error, (MemoryError, torch.OutOfMemoryError)) or any(n in text for n in named)
    return ("out of memory" if out_of_memory else "failed"), reason


def attempt(request: Request, reporter: Reporter) -> dict[str, Any]:
    """Run what is asked for; the last event: `finished`, or `failed` with status, reason and whether to resume."""
    try:
        load_plugins(request.plugins)
        run_cell(Cell.from_json(request.cell), request, reporter)
    except BaseException as error:
        traceback.print_exc()
        status, reason = _why(error)
        # Any other failure would repeat itself from the same checkpoint.
        resumable = status == "out of memory" or isinstance(error, StoreError)
        return {"event": "failed", "status": status, "reason": reason, "resumable": resumable}
    return {"event": "finished"}


def _end_with_parent(parent: Connection) -> None:
    """The connection reaches its end when the parent is gone, however it went."""
    with contextlib.suppress(EOFError, OSError):
        parent.recv()
    os._exit(1)


def main(parent: Connection, request: Request) -> None:
    """Run the request and tell the parent; what libraries and learners print goes to `worker.log`."""
    os.setsid()  # a Ctrl-C reaches the parent only, which decides what becomes of the worker and all it has started
    os.environ.clear()  # those of the process it was forked from
    os.environ.update(request.environment)
    os.chdir(request.folder)
    log = os.open(Path(request.scratch) / "worker.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    reporter = Reporter(parent.send)
    ended = attempt(request, reporter)
    reporter.send(**ended)
    sys.exit(ended["event"] != "finished")
