"""The YAML of a tuning: which learners on which suite, over what, for how many trials, judged by what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, FiniteFloat, model_validator

from ..errors import ConfigError
from ..harness.cells.bench_file import LearnerSpec, SuiteSpec
from ..harness.cells.yaml_file import Strict, named, read_yaml


class ValuesSpec(Strict):
    """Numbers to search, ends included."""

    low: FiniteFloat
    high: FiniteFloat
    log: bool = False
    """Whether orders of magnitude matter more than differences."""
    step: Annotated[FiniteFloat, Field(gt=0)] | None = None
    """Distance of the values that are tried, from `low` on; any value when absent."""


def _by_name(value: object) -> object:
    """A list of options stands for their documented ranges."""
    if isinstance(value, list) and all(isinstance(option, str) for option in value):
        return dict.fromkeys(value)
    return value


SpaceSpec = Annotated[
    dict[str, ValuesSpec | list[str | int | float | bool] | None],
    BeforeValidator(_by_name),
]
"""Option -> where to search; None for the range its learner documents."""


class TunedLearnerSpec(Strict):
    """One learner to tune, with the options that stay as they are."""

    method: str
    options: dict[str, Any] = Field(default_factory=dict)
    label: str | None = None
    """Its name in the study's; the method when absent."""
    space: SpaceSpec | None = None
    """Of this learner; the file's when absent."""

    @property
    def name(self) -> str:
        """For the study's name and the rows of the leaderboard."""
        return self.label or self.method


class ObjectiveSpec(Strict):
    """A recorded metric that trials are judged by."""

    metric: str
    direction: Literal["maximize", "minimize"] | None = None
    """Of the metrics on a leaderboard it is known."""


class SamplerSpec(Strict):
    """Who proposes configurations."""

    name: Literal["tpe", "gp", "nsga2", "nsga3", "random"] = "tpe"
    seed: int = Field(default=0, ge=0)
    options: dict[str, Any] = Field(default_factory=dict)
    """Further arguments of Optuna's sampler, such as `n_startup_trials` or `population_size`."""


class EarlyStopSpec(Strict):
    """When a fit is given up: its hypervolume on a few preferences is below that of most others at the same step."""

    probes: int = Field(default=3, ge=1)
    """How often a fit is looked at."""
    n_startup_trials: int = Field(default=5, ge=1)
    """Trials that must have been judged at that step before."""
    percentile: float = Field(default=50.0, gt=0, lt=100)
    """A fit is given up below this percentile of them; 50 is the median."""


class HeldOutSpec(Strict):
    """Where the configuration found is held against the default: other seeds, the test split."""

    seeds: list[int] = Field(min_length=1)
    baselines: list[Annotated[LearnerSpec, named("method")]] = Field(default_factory=list)
    """Further rows, as in a bench."""
    goals: dict[str, FiniteFloat] = Field(default_factory=dict)
    """Metric -> value; it is counted how many seeds are as good as that."""


class TuneSpec(Strict):
    """Every learner is tuned in a study of its own; all else is the same for all of them."""

    name: str = Field(pattern=r"^[\w\-. ]+$")
    suite: Annotated[SuiteSpec, named("name")]
    learners: list[Annotated[TunedLearnerSpec, named("method")]] = Field(min_length=1)
    space: SpaceSpec | None = None
    """For learners without one of their own; every documented range that does not buy quality with cost when absent."""
    trials: int = Field(ge=1)
    """Distinct configurations a study tries."""
    seeds: list[int] = Field(default=[0], min_length=1)
    """Of the cells of a trial, whose objectives are averaged."""
    objectives: list[Annotated[ObjectiveSpec, named("metric")]] = Field(
        default=[ObjectiveSpec(metric="hypervolume")], min_length=1
    )
    sampler: SamplerSpec = SamplerSpec()
    early_stop: EarlyStopSpec | None = None
    """When absent as `{}` for hypervolume alone; else fits run to their end, as with `null`."""
    heartbeat_s: int = Field(default=15, ge=1)
    """A worker that has given no sign of life for three of these is gone, and its trial is tried again."""
    test: HeldOutSpec | None = None

    @model_validator(mode="after")
    def _distinct(self) -> TuneSpec:
        for what, names in (
            ("learners", [learner.name for learner in self.learners]),
            ("objectives", [objective.metric for objective in self.objectives]),
            ("seeds", self.seeds),
            ("seeds of test", [] if self.test is None else self.test.seeds),
        ):
            if len(set(names)) < len(names):
                raise ConfigError(f"{what} must differ from each other, found {names}; a learner may have a label")
        if self.test is not None and (seen := sorted({*self.seeds} & {*self.test.seeds})):
            raise ConfigError(f"seeds of test must be others than those of trials, which see {seen} too")
        return self

    @property
    def hypervolume_alone(self) -> bool:
        """Whether it is all that trials are judged by; only then Optuna's pruner can be told what a fit has reached."""
        return [objective.metric for objective in self.objectives] == ["hypervolume"]

    @property
    def gives_up(self) -> EarlyStopSpec | None:
        """When fits are given up; unasked only for hypervolume alone, of which a cheap fit may have little."""
        unasked = "early_stop" not in self.model_fields_set
        return EarlyStopSpec() if unasked and self.hypervolume_alone else self.early_stop

    def study_name(self, learner: TunedLearnerSpec) -> str:
        """What the study of one learner is called, in Optuna's storage and where its result is asked for."""
        return f"{self.name}/{learner.name}"


def read_tune(file: Path) -> TuneSpec:
    """Read and check a tuning file; ConfigError says in one sentence what is wrong with it."""
    parts = (
        SuiteSpec,
        TunedLearnerSpec,
        ValuesSpec,
        ObjectiveSpec,
        SamplerSpec,
        EarlyStopSpec,
        HeldOutSpec,
        LearnerSpec,
    )
    return read_yaml(file, TuneSpec, parts)
