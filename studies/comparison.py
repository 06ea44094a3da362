"""What a study has found against the default, on seeds and a split that tuning has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..harness.cells.bench_file import BenchSpec, LearnerSpec
from ..harness.records.store import Store
from ..harness.scoring.measures import INDICATOR_MEASURES, MEASURES, reference_measures
from ..harness.scoring.scored_cells import load_groups
from ..metrics.statistics import MeanInterval, mean_interval, paired_differences
from .objective import Objective, make_objective
from .spec import ObjectiveSpec, TuneSpec

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


def tuned_learners(spec: TuneSpec) -> list[LearnerSpec]:
    """What the studies of a file find, by their names."""
    return [LearnerSpec(tuned=spec.study_name(learner)) for learner in spec.learners]


def comparison_bench(spec: TuneSpec) -> BenchSpec:
    """Each learner's default and what its study has found, one after the other, then the baselines.

    On the leaderboard a default is called by its options and what was found by its study: there are others beside.
    """
    assert spec.test is not None  # for the type checker: callers have looked
    learners = []
    for learner, tuned in zip(spec.learners, tuned_learners(spec), strict=True):
        learners += [LearnerSpec(method=learner.method, options=learner.options), tuned]
    return BenchSpec(
        name=f"{spec.name} (test)",
        suites=[spec.suite],
        learners=[*learners, *spec.test.baselines],
        seeds=spec.test.seeds,
    )


def compare(store: Store, bench: BenchSpec, spec: TuneSpec, objectives: Sequence[Objective]) -> list[Comparison]:
    """Every metric worth showing, as recorded by the cells of a bench.

    Args:
        store: where they are recorded.
        bench: `comparison_bench`, with what the studies have found looked up.
        spec: of the tuning.
        objectives: of the studies.
    """
    assert spec.test is not None  # for the type checker: callers have looked
    measured = _measured(store)
    rows: list[Mapping[int, Mapping[str, float]]] = []
    for learner in bench.learners:
        cells = bench.model_copy(update={"learners": [learner]}).cells()
        rows.append({cell.seed: measured[cell.key] for cell in cells if cell.key in measured})
    labels = [f"{learner.name} ({kind})" for learner in spec.learners for kind in ("default", "tuned")]
    labels += [learner.label or learner.method for learner in bench.learners[len(labels) :]]
    found = []
    for metric, objective in metrics_shown(spec, objectives).items():
        values = [{seed: metrics[metric] for seed, metrics in by_seed.items() if metric in metrics} for by_seed in rows]
        lines = []
        for i, (label, by_seed) in enumerate(zip(labels, values, strict=True)):
            tuned = i < 2 * len(spec.learners) and i % 2 == 1  # after its default
            if by_seed:
                lines.append(
                    _line(label, objective, by_seed, values[i - 1] if tuned else {}, spec.test.goals.get(metric))
                )
        if lines:
            found.append(Comparison(objective, spec.test.goals.get(metric), lines))
    return found


def metrics_shown(spec: TuneSpec, objectives: Sequence[Objective]) -> dict[str, Objective]:
    """The objectives, what is worth showing beside them, and every metric with a goal.

    Raises:
        ConfigError: a goal for a metric whose direction is not known.
    """
    shown = {objective.metric: objective for objective in objectives}
    for metric in (*WORTH_SHOWING, *([] if spec.test is None else spec.test.goals)):
        if metric not in shown:
            shown[metric] = make_objective(ObjectiveSpec(metric=metric))
    return shown


def _measured(store: Store) -> dict[str, Mapping[str, float]]:
    """Return everything measured by cell key; what is measured to a reference that changes is left out."""
    moving = reference_measures()
    return {
        result.attempt.cell.key: {
            metric: value
            for metric, value in (*result.attempt.metrics.items(), *result.scores.items())
            if (metric in result.scores or metric not in INDICATOR_MEASURES)
            and (group.closed_form or metric not in moving)
        }
        for group in load_groups(store)
        for result in group.results
    }


def _line(
    label: str, objective: Objective, values: Mapping[int, float], default: Mapping[int, float], goal: float | None
) -> Line:
    worst = min if objective.maximize else max
    interval, against_default = mean_interval(list(values.values())), paired_differences(values, default)
    if (measure := MEASURES.get(objective.metric)) is not None:
        interval = measure.possible(interval)
        against_default = None if against_default is None else measure.possible_difference(against_default)
    return Line(
        label,
        interval,
        worst(values.values()),
        against_default,
        None if goal is None else sum(not objective.better(goal, value) for value in values.values()),
    )
