"""Run one cell: prepare, fit and evaluate, each metered, and write the finished cell; nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import ConfigError, StoreError
from ...methods import Context, Learner, Needs, ParetoSet, recorded_options
from ...tasks import SUITES, Problem, load_problem
from ...tasks.cache_folder import because_in
from ..cells.cell import Cell
from ..cells.environment import machine, versions
from ..records.finished_cell import FinishedCell
from ..records.front_record import FrontRecord
from ..records.table_limits import MAX_TRUE_POINTS
from .anchors import Anchors, find_anchors
from .charged_examples import charged_examples, charged_for_experts, looked_at
from .checked_needs import checked_needs
from .checked_set import checked_set
from .evaluate import check_size, evaluate_members
from .fit_probe import FitProbe
from .global_settings import settings_restored
from .meter import Meter
from .misfits import architecture_of, looks_at_architectures, require_fit
from .problem_digest import UnchangedWeights
from .rank_processes import NO_OTHERS, RankProcesses
from .resumable_fit import ResumableFit
from .rounded_seconds import rounded_seconds
from .set_diagnostics import time_one_answer
from .set_extras import take_extras
from .set_up_device import set_up_device
from .worker_events import FIRST_PHASE, Reporter
from .worker_order import WorkerOrder


def run_cell(cell: Cell, order: WorkerOrder, reporter: Reporter, ranks: RankProcesses = NO_OTHERS) -> None:
    """Prepare, fit and evaluate a cell, each phase metered, and write the finished cell to the scratch folder.

    Args:
        cell: what to run.
        order: where, and how.
        reporter: told how it goes.
        ranks: further processes that take part in the fit.
    """
    device = order.devices[0]
    set_up_device(cell, device, ranks.count)
    # Found before memory is metered: it starts other programs, and a process counts twice while it forks.
    environment = {**versions(), **machine(device), **ranks.environment}
    made_by = {"torch": torch.__version__, "device": environment.get("gpu", "cpu")}
    meter = Meter(device)
    learner = cell.learner()
    if looks_at_architectures(cell) and (model := architecture_of(cell)) is not None:
        require_fit(learner, model, len(cell.tasks))  # before experts are prepared
    prepared = _prepare(cell, device, made_by, meter, reporter, ranks)
    require_fit(learner, prepared.problem.model, prepared.problem.n_tasks)
    learner.check(prepared.problem)
    fitted = _fit(cell, order, prepared, made_by, meter, reporter, ranks)
    problem = prepared.problem
    check_size(fitted.pareto_set, fitted.preferences)
    extras = take_extras(
        fitted.pareto_set, problem, fitted.preferences, fitted.fit.whole(meter.metrics), Path(order.scratch)
    )
    reporter.start("evaluate")
    with meter.phase("evaluate"):
        evaluation = evaluate_members(problem, fitted.pareto_set, fitted.preferences, cell.split, reporter)
    prepared.weights.require()  # nor may making models have changed them
    evaluation.front()  # raises, before anything is written, where preferences are not on the simplex
    of_experts = charged_for_experts(fitted.learner, SUITES.get(cell.suite), problem.n_tasks)
    charged = charged_examples(fitted.needs, problem, of_experts)
    costs = {**_costs(fitted, prepared, meter, len(evaluation.error)), **charged, **extras.costs}
    front = FrontRecord(
        cell=cell,
        evaluation=evaluation,
        reference_point=problem.reference_point,
        pareto_front=problem.pareto_front,
        split=cell.split,
        environment={**environment, **meter.environment},
        problem=prepared.weights.digest,
        hypervolume_limit=problem.hypervolume_limit,
        expert_errors=prepared.anchors.experts,
        pretrained_errors=prepared.anchors.pretrained,
        neighbour_errors=prepared.anchors.neighbour,
    )
    finished = FinishedCell(
        front=front,
        costs=costs,
        curve=reporter.curve,
        resolved=fitted.resolved,
        coefficients=extras.coefficients,
        state=extras.state,
        notes=(*extras.notes, *evaluation.notes),
        example_errors=evaluation.example_errors,
    )
    _write(finished, Path(order.scratch))


@dataclass(frozen=True)
class _Prepared:
    """A prepared problem, with the models it was given and its anchors."""

    problem: Problem
    weights: UnchangedWeights
    """The pre-trained model and the experts as they were before the fit."""
    anchors: Anchors
    """Errors of the experts and of the pre-trained model on the cell's split."""


@dataclass(frozen=True)
class _Fitted:
    """The set that a fit has given, with its learner, its preferences and the costs of the fit."""

    learner: Learner
    resolved: Mapping[str, Any]
    """The learner's options as JSON values, those that the problem decides included."""
    preferences: NDArray[np.float64]
    needs: Needs
    pareto_set: ParetoSet
    fit: ResumableFit


def _write(finished: FinishedCell, scratch: Path) -> None:
    try:
        finished.write(scratch)
    except OSError as error:
        raise StoreError(
            f"the result cannot be written {because_in(scratch, error)}; then the same command goes on from the last "
            "checkpoint"
        ) from error


def _prepare(
    cell: Cell, device: str, made_by: Mapping[str, str], meter: Meter, reporter: Reporter, ranks: RankProcesses
) -> _Prepared:
    """Load the problem and find its anchors, metered as the phase `prepare`."""
    reporter.start(FIRST_PHASE)
    with meter.phase(FIRST_PHASE):
        problem = load_problem(cell.suite, cell.tasks, device=device, seed=cell.seed, progress=reporter)
        ranks.prepare()  # what this preparation has cached is there
        if problem.pareto_front is not None and len(problem.pareto_front) > MAX_TRUE_POINTS:
            raise ConfigError(
                f"a true front is recorded of {MAX_TRUE_POINTS:,} points at most, {problem.name} has "
                f"{len(problem.pareto_front):,}; thin it out"
            )
        # The first use of a kernel or an optimizer is slow (it imports modules), which no learner is to be charged for.
        torch.optim.Adam([torch.zeros(1)])
        problem.losses(problem.pretrained, next(problem.batches("train", 2, torch.Generator())))
        weights = UnchangedWeights(problem)
        made_with = {
            "problem": weights.digest,
            "suite": [cell.suite, cell.suite_version, *cell.tasks],
            "seed": cell.seed,
            **made_by,
        }
        prepared = _Prepared(problem, weights, find_anchors(problem, cell.split, made_with))
        ranks.require_prepared(weights.digest)
        return prepared


def _fit(
    cell: Cell,
    order: WorkerOrder,
    prepared: _Prepared,
    made_by: Mapping[str, str],
    meter: Meter,
    reporter: Reporter,
    ranks: RankProcesses,
) -> _Fitted:
    """Fit the cell's learner, metered and resumed from any checkpoint, and score it as often as the order says."""
    problem, device = prepared.problem, order.devices[0]
    learner = cell.learner()
    resolved = recorded_options(learner.resolved(problem))  # refused before the fit, where it cannot be recorded
    preferences = cell.preferences()
    needs = checked_needs(learner, learner.needs(problem, preferences))
    probe = FitProbe(
        problem,
        split="val",
        times=order.probes,
        reporter=reporter,
        clock=meter.synchronized,
        fit_time_s=lambda: fit.elapsed_s,
    )
    reporter.start("fit")
    with settings_restored(), meter.phase("fit"):
        fit = ResumableFit(
            Path(order.checkpoints),
            made_with={"problem": prepared.weights.digest, **made_by},
            interval_s=order.checkpoint_interval_s,
            reporter=reporter,
            meter=meter,
            device=device,
            uncounted_s=lambda: probe.time_s,
        )
        with ranks.joined() as group:
            context = Context(
                cell.seed,
                device,
                progress=fit.progress,
                checkpoints=fit.checkpoints,
                probe=ranks.then_go_on(probe),
                ranks=group,
            )
            pareto_set = checked_set(learner, learner.fit(problem, preferences, context), problem)
    meter.include(ranks.peaks)
    if pareto_set.needed is not None:
        needs = checked_needs(learner, pareto_set.needed, by="the set's `needed`")
    prepared.weights.require()
    if cell.split == "test":  # the whole front of a trial is evaluated on the probe's split anyway
        probe.finish(pareto_set, fit.whole(meter.metrics)["fit_time_s"])
    return _Fitted(learner, resolved, preferences, needs, pareto_set, fit)


def _costs(fitted: _Fitted, prepared: _Prepared, meter: Meter, n_members: int) -> dict[str, float]:
    """Return what was measured over all attempts at the fit, and the data and trainings that the learner needs."""
    measured = fitted.fit.whole(meter.metrics)
    solve_time = time_one_answer(prepared.problem, fitted.pareto_set, meter)
    return {
        **measured,
        # Neither counts preparing, whose cost depends on whether the experts were cached.
        "wall_time_s": rounded_seconds(measured["fit_time_s"] + measured["evaluate_time_s"]),
        "peak_rss_bytes": max(measured["fit_peak_rss_bytes"], measured["evaluate_peak_rss_bytes"]),
        "model_parameters": float(prepared.problem.model_parameters),
        "front_points": float(n_members),
        **looked_at(fitted.needs),
        **({} if solve_time is None else {"solve_time_s": solve_time}),
    }
