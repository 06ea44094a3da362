"""What a study has found against the default, on seeds and a split that tuning has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..harness.results import load_groups
from ..harness.spec import BenchSpec, LearnerSpec
from ..harness.store import Store
from ..metrics.statistics import MeanInterval, mean_interval
from .objective import Objective, make_objective
from .spec import ObjectiveSpec, TunedLearnerSpec, TuneSpec

WORTH_SHOWING = ("hypervolume", "hypervolume_ratio", "igd", "igd_plus")
"""Beside the objectives, where they do not depend on what else has been run."""


@dataclass(frozen=True)
class Line:
    """One learner by one metric, over the seeds that finished."""

    label: str
    interval: MeanInterval
    worst: float
    against_default: MeanInterval | None
    """Of the differences to the default, seed by seed; None for a default and for what is neither."""
    reached: int | None
    """Seeds that are as good as the goal; None without one."""


@dataclass(frozen=True)
class Comparison:
    """All learners by one metric."""

    objective: Objective
    goal: float | None
    lines: Sequence[Line]


def default_label(learner: TunedLearnerSpec) -> str:
    """Of the row that a study starts from."""
    return f"{learner.name} (default)"


def tuned_label(learner: TunedLearnerSpec) -> str:
    """Of the row that a study has found."""
    return f"{learner.name} (tuned)"


def test_bench(spec: TuneSpec) -> BenchSpec:
    """Defaults, what the studies have found, and what is to stand beside them, on the seeds of `test`."""
    assert spec.test is not None  # for the type checker: callers have looked
    learners = []
    for learner in spec.learners:
        learners.append(LearnerSpec(method=learner.method, options=learner.options, label=default_label(learner)))
        learners.append(LearnerSpec(tuned=spec.study_name(learner), label=tuned_label(learner)))
    return BenchSpec(
        name=f"{spec.name} (test)",
        suites=[spec.suite],
        learners=[*learners, *spec.test.beside],
        seeds=spec.test.seeds,
    )


def compare(store: Store, bench: BenchSpec, spec: TuneSpec, objectives: Sequence[Objective]) -> list[Comparison]:
    """Every metric worth showing, computed from the recorded fronts of a test bench.

    Args:
        store: where they are recorded.
        bench: `test_bench`, with what the studies have found looked up.
        spec: of the tuning.
        objectives: of the studies.
    """
    measured = _measured(store)
    rows: dict[str, dict[int, Mapping[str, float]]] = {}
    for learner in bench.learners:
        cells = bench.model_copy(update={"learners": [learner]}).cells()
        finished = {cell.seed: measured[cell.key] for cell in cells if cell.key in measured}
        rows[learner.label or cells[0].label] = finished
    baselines = {tuned_label(learner): default_label(learner) for learner in spec.learners}
    assert spec.test is not None  # for the type checker: callers have looked
    shown = {objective.metric: objective for objective in objectives}
    for metric in (*WORTH_SHOWING, *spec.test.goals):
        shown.setdefault(metric, make_objective(ObjectiveSpec(metric=metric)))
    found = []
    for metric, objective in shown.items():
        values = {
            label: {seed: metrics[metric] for seed, metrics in by_seed.items() if metric in metrics}
            for label, by_seed in rows.items()
        }
        lines = [
            _line(label, objective, by_seed, values.get(baselines.get(label, ""), {}), spec.test.goals.get(metric))
            for label, by_seed in values.items()
            if by_seed
        ]
        if lines:
            found.append(Comparison(objective, spec.test.goals.get(metric), lines))
    return found


def _measured(store: Store) -> dict[str, Mapping[str, float]]:
    """Cell key -> everything recorded; what was measured to a reference that changes is left out."""
    return {
        result.record.cell.key: {
            metric: value
            for metric, value in result.attempt.metrics.items()
            if metric not in ("igd", "igd_plus") or result.record.pareto_front is not None
        }
        for group in load_groups(store.attempts())
        for result in group.results
    }


def _line(
    label: str, objective: Objective, values: Mapping[int, float], default: Mapping[int, float], goal: float | None
) -> Line:
    both = [seed for seed in values if seed in default]
    worst = min if objective.maximize else max
    return Line(
        label,
        mean_interval(list(values.values())),
        worst(values.values()),
        mean_interval([values[seed] - default[seed] for seed in both]) if both else None,
        None if goal is None else sum(not objective.better(goal, value) for value in values.values()),
    )
