"""The process that runs one cell, started by `worker_process`.

It is given one request and a connection to its parent, tells the parent how it goes, and writes the finished cell to
the scratch folder named in the request. It ends when its parent does, which holds the connection's other end.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import FrontrunnerError, StoreError, UnsupportedError
from ...methods import Context, Learner, ParetoSet
from ...metrics import simplex_grid
from ...tasks import SUITES, Problem, load_problem
from ..cells.cell import Cell
from ..cells.environment import machine, versions
from ..cells.plugins import load_plugins
from ..records.finished_cell import STATE, FinishedCell
from ..records.front_record import FrontRecord
from ..records.status import Ending, Status
from .anchors import Anchors, find_anchors
from .collect_coefficients import collect_coefficients
from .evaluate import evaluate_members
from .fit_probe import FitProbe
from .meter import Meter
from .problem_digest import digest_problem
from .resumable_fit import ResumableFit
from .set_diagnostics import checked_diagnostics, time_one_answer
from .worker_events import Ended, Reporter


@dataclass(frozen=True)
class Request:
    """What a worker is asked to do, and in which folder and environment it runs."""

    cell: Mapping[str, Any]
    """`Cell.to_json`; read once the plugins are loaded."""
    device: str
    plugins: tuple[str, ...]
    scratch: str
    """Folder the finished cell is written to."""
    checkpoints: str
    """Folder of the fit's state; it outlives the attempt."""
    checkpoint_interval_s: float
    probes: int
    """How often the partial set is scored on the way; 0 for an undisturbed fit."""
    folder: str
    """Working directory."""
    environment: Mapping[str, str]


def run_cell(cell: Cell, request: Request, reporter: Reporter) -> None:
    """Prepare, fit and evaluate, each metered, and write the finished cell to the scratch folder; nothing else."""
    device = request.device
    _set_up(cell, device)
    # Not while memory is metered: it asks other programs, and a process that is being forked counts twice.
    environment = {**versions(), **machine(device)}
    made_by = {"torch": torch.__version__, "device": environment.get("gpu", "cpu")}
    meter = Meter(device)
    prepared = _prepare(cell, device, made_by, meter, reporter)
    fitted = _fit(cell, request, prepared, made_by, meter, reporter)
    reporter.start("evaluate")
    problem = prepared.problem
    with meter.phase("evaluate"):
        evaluation = evaluate_members(problem, fitted.pareto_set, fitted.preferences, cell.split, reporter)
    evaluation.front()  # refuses preferences off the simplex before anything is written
    costs = _costs(fitted, prepared, meter, len(evaluation.error))
    costs |= checked_diagnostics(fitted.pareto_set, costs)
    solve_time = time_one_answer(problem, fitted.pareto_set, meter)
    if solve_time is not None:
        costs["solve_time_s"] = solve_time
    front = FrontRecord(
        cell=cell,
        evaluation=evaluation,
        reference_point=problem.reference_point,
        pareto_front=problem.pareto_front,
        split=cell.split,
        environment=environment,
        problem=prepared.digest,
        hypervolume_limit=problem.hypervolume_limit,
        expert_errors=prepared.anchors.experts,
        pretrained_errors=prepared.anchors.pretrained,
    )
    finished = FinishedCell(
        front=front,
        costs=costs,
        curve=reporter.curve,
        resolved=dataclasses.asdict(fitted.learner.resolved(problem)),
        coefficients=collect_coefficients(fitted.pareto_set, fitted.preferences, problem.tasks),
        state=_save_state(fitted.pareto_set, Path(request.scratch)),
    )
    finished.write(Path(request.scratch))


@dataclass(frozen=True)
class _Prepared:
    """A problem with what decides results beside its cell."""

    problem: Problem
    digest: str
    """Digest of the pre-trained model and the experts."""
    anchors: Anchors


@dataclass(frozen=True)
class _Fitted:
    """What a fit has given."""

    learner: Learner
    preferences: NDArray[np.float64]
    pareto_set: ParetoSet
    fit: ResumableFit


def _set_up(cell: Cell, device: str) -> None:
    if torch.device(device).type == "cuda":
        torch.cuda.set_device(device)  # so that a learner's bare "cuda" is this one
        torch.use_deterministic_algorithms(True, warn_only=True)
    else:
        torch.set_num_threads(SUITES.get(cell.suite).cpu_threads or torch.get_num_threads())


def _prepare(cell: Cell, device: str, made_by: Mapping[str, str], meter: Meter, reporter: Reporter) -> _Prepared:
    """Load the problem, metered, and find what its experts and its pre-trained model achieve."""
    reporter.start("prepare")
    with meter.phase("prepare"):
        problem = load_problem(cell.suite, cell.tasks, device=device, seed=cell.seed, progress=reporter)
        # What the first use of a kernel or of an optimizer (it imports hundreds of modules) costs is no learner's.
        torch.optim.Adam([torch.zeros(1)])
        problem.losses(problem.pretrained, next(problem.batches("train", 2, torch.Generator())))
        digest = digest_problem(problem)
        made_with = {
            "problem": digest,
            "suite": [cell.suite, cell.suite_version, *cell.tasks],
            "seed": cell.seed,
            **made_by,
        }
        return _Prepared(problem, digest, find_anchors(problem, cell.split, made_with))


def _fit(
    cell: Cell, request: Request, prepared: _Prepared, made_by: Mapping[str, str], meter: Meter, reporter: Reporter
) -> _Fitted:
    """Fit the cell's learner, metered and resumed, and score it on the way where the request says so."""
    problem, device = prepared.problem, request.device
    learner = cell.learner()
    preferences = simplex_grid(problem.n_tasks, cell.points_per_edge)
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
            made_with={"problem": prepared.digest, **made_by},
            interval_s=request.checkpoint_interval_s,
            reporter=reporter,
            meter=meter,
            device=device,
            uncounted_s=lambda: probe.time_s,
        )
        context = Context(cell.seed, device, progress=fit.progress, checkpoints=fit.checkpoints, probe=probe)
        pareto_set = learner.fit(problem, preferences, context)
    if cell.split == "test":  # a trial's whole front is looked at on the probe's split anyway
        probe.finish(pareto_set, fit.whole(meter.metrics)["fit_time_s"])
    return _Fitted(learner, preferences, pareto_set, fit)


def _costs(fitted: _Fitted, prepared: _Prepared, meter: Meter, n_members: int) -> dict[str, float]:
    """Return what was measured of all attempts at the fit, and what the learner needed."""
    measured = fitted.fit.whole(meter.metrics)
    needs = fitted.learner.needs(prepared.problem, fitted.preferences)
    return {
        **measured,
        # Preparing is left out of both: it depends on whether the experts were cached.
        "wall_time_s": measured["fit_time_s"] + measured["evaluate_time_s"],
        "peak_rss_bytes": max(measured["fit_peak_rss_bytes"], measured["evaluate_peak_rss_bytes"]),
        "trainable_parameters": float(fitted.pareto_set.trainable_parameters),
        "total_parameters": float(fitted.pareto_set.total_parameters),
        "model_parameters": float(prepared.problem.model_parameters),
        "front_points": float(n_members),
        "labelled_examples": float(needs.labelled_examples),
        "unlabelled_examples": float(needs.unlabelled_examples),
        "full_trainings": float(needs.trainings),
    }


def _save_state(pareto_set: ParetoSet, folder: Path) -> Path | None:
    """Write what was learned; None where there is nothing to restore."""
    state = pareto_set.state()
    if not state:
        return None
    from safetensors.torch import save_file

    save_file(dict(state), folder / STATE)
    return folder / STATE


def _ending_of(error: BaseException) -> Ending:
    """Say how a cell that raised has ended, in one sentence."""
    text = f"{type(error).__name__}: {error}" if not isinstance(error, FrontrunnerError) else str(error)
    reason = " ".join(text.split())[:500].encode(errors="backslashreplace").decode()  # a database wants UTF-8
    if isinstance(error, UnsupportedError):
        return Ending(Status.UNSUPPORTED, reason)
    named = ("can't allocate memory", "CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED")
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)) or any(name in text for name in named):
        return Ending(Status.OUT_OF_MEMORY, reason, resumable=True)
    # Any other failure but a full disk would repeat itself from the same checkpoint.
    return Ending(Status.FAILED, reason, resumable=isinstance(error, StoreError))


def attempt(request: Request, reporter: Reporter) -> Ending:
    """Run what is asked for, and return how it ended."""
    try:
        load_plugins(request.plugins)
        run_cell(Cell.from_json(request.cell), request, reporter)
    except BaseException as error:
        traceback.print_exc()
        return _ending_of(error)
    return Ending(Status.FINISHED)


def _end_with_parent(parent: Connection) -> None:
    """End this process when the parent is gone, however it went: the connection then reaches its end."""
    with contextlib.suppress(EOFError, OSError):
        parent.recv()
    os._exit(1)


def main(parent: Connection, request: Request) -> None:
    """Run the request and tell the parent how it ends; what libraries and learners print goes to `worker.log`."""
    os.setsid()  # a Ctrl-C reaches the parent only, which decides what becomes of the worker and all it has started
    os.environ.clear()  # those of the process it was forked from
    os.environ.update(request.environment)
    os.chdir(request.folder)
    log = os.open(Path(request.scratch) / "worker.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    reporter = Reporter(parent.send)
    ending = attempt(request, reporter)
    reporter.send(Ended(ending))
    sys.exit(ending.status is not Status.FINISHED)
