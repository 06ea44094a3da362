"""Compares what studies have found with the defaults, on seeds and a split that tuning has not seen."""

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
"""Measures shown beside the objectives, where they do not depend on what else has been run."""


@dataclass(frozen=True)
class Line:
    """One learner by one measure, over the seeds that finished."""

    label: str
    interval: MeanInterval
    """The mean over seeds with its 95 % interval."""
    worst: float
    """The value of the worst seed: the least where the measure is maximised, else the greatest."""
    against_default: MeanInterval | None
    """The mean difference to the default, paired by seed; None for defaults and baselines."""
    reached: int | None
    """How many seeds are at least as good as the goal; None without a goal."""


@dataclass(frozen=True)
class Comparison:
    """All learners by one measure."""

    objective: Objective
    goal: float | None
    lines: Sequence[Line]


def tuned_learners(spec: TuneSpec) -> list[LearnerSpec]:
    """Return the learners that the studies of a file will have found, named by study."""
    return [LearnerSpec(tuned=spec.study_name(learner)) for learner in spec.learners]


def comparison_bench(spec: TuneSpec) -> BenchSpec:
    """Return the bench of a file's test: for every learner its default and its tuned configuration, then the baselines.

    The bench sets no labels: on a leaderboard, beside rows of other benches, a default is told by its options and a
    tuned configuration by its study.
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
    """Compare the learners of a finished test by every measure worth showing.

    Args:
        store: where the cells of the test are recorded.
        bench: the bench of `comparison_bench` with its tuned learners looked up in the store.
        spec: the tuning file.
        objectives: the studies' objectives, which come first.
    """
    assert spec.test is not None  # for the type checker: callers have looked
    measured = _measured(store)
    rows: list[Mapping[int, Mapping[str, float]]] = []
    for learner in bench.learners:
        cells = bench.model_copy(update={"learners": [learner]}).cells()
        rows.append({cell.seed: measured[cell.key] for cell in cells if cell.key in measured})
    labels = [f"{learner.name} ({kind})" for learner in spec.learners for kind in ("default", "tuned")]
    labels += [learner.label or learner.method for learner in bench.learners[len(labels) :]]
    comparisons = []
    for measure, objective in measures_shown(spec, objectives).items():
        values = [{seed: found[measure] for seed, found in by_seed.items() if measure in found} for by_seed in rows]
        lines = []
        for i, (label, by_seed) in enumerate(zip(labels, values, strict=True)):
            tuned = i < 2 * len(spec.learners) and i % 2 == 1  # after its default
            if by_seed:
                lines.append(
                    _line(label, objective, by_seed, values[i - 1] if tuned else {}, spec.test.goals.get(measure))
                )
        if lines:
            comparisons.append(Comparison(objective, spec.test.goals.get(measure), lines))
    return comparisons


def measures_shown(spec: TuneSpec, objectives: Sequence[Objective]) -> dict[str, Objective]:
    """Return measure -> direction: the objectives, what is worth showing beside them, and every measure with a goal.

    Raises:
        ConfigError: a goal names a measure whose direction is not known.
    """
    shown = {objective.measure: objective for objective in objectives}
    for measure in (*WORTH_SHOWING, *([] if spec.test is None else spec.test.goals)):
        if measure not in shown:
            shown[measure] = make_objective(ObjectiveSpec(metric=measure))
    return shown


def _measured(store: Store) -> dict[str, Mapping[str, float]]:
    """Return cell key -> measure -> value, without measures to a reference front that changes."""
    moving = reference_measures()
    return {
        result.attempt.cell.key: {
            measure: value
            for measure, value in (*result.attempt.metrics.items(), *result.scores.items())
            if (measure in result.scores or measure not in INDICATOR_MEASURES)
            and (group.closed_form or measure not in moving)
        }
        for group in load_groups(store)
        for result in group.results
    }


def _line(
    label: str, objective: Objective, values: Mapping[int, float], default: Mapping[int, float], goal: float | None
) -> Line:
    worst = min if objective.maximize else max
    interval, against_default = mean_interval(list(values.values())), paired_differences(values, default)
    if (measure := MEASURES.get(objective.measure)) is not None:
        interval = measure.possible(interval)
        against_default = None if against_default is None else measure.possible_difference(against_default)
    return Line(
        label,
        interval,
        worst(values.values()),
        against_default,
        None if goal is None else sum(not objective.better(goal, value) for value in values.values()),
    )
