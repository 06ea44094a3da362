"""Reads the YAML file of a tuning: learners, suite, search space, number of trials, objectives and test."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, FiniteFloat, model_validator

from ..errors import ConfigError
from ..harness.cells.bench_file import LearnerSpec, Line, SuiteSpec
from ..yaml_file import Strict, named, read_yaml


class ValuesSpec(Strict):
    """A range of numbers to search, both ends included."""

    low: FiniteFloat
    high: FiniteFloat
    log: bool = False
    """Whether orders of magnitude matter more than differences."""
    step: Annotated[FiniteFloat, Field(gt=0)] | None = None
    """The distance between the values that are tried, from `low` on; any value when absent."""


def _by_name(value: object) -> object:
    """Read a list of options as their documented ranges."""
    if isinstance(value, list) and all(isinstance(option, str) for option in value):
        return dict.fromkeys(value)
    return value


SpaceSpec = Annotated[
    dict[str, ValuesSpec | list[str | int | float | bool] | None],
    BeforeValidator(_by_name),
]
"""Option -> where to search: a range, a list of values, or None for what its method documents."""


class TunedLearnerSpec(Strict):
    """A learner to tune: a method and the options that are fixed."""

    method: str
    options: dict[str, Any] = Field(default_factory=dict)
    label: Line | None = None
    """The learner's part of the study's name; the method when absent."""
    space: SpaceSpec | None = None
    """Where this learner is searched; the file's space when absent."""

    @property
    def name(self) -> str:
        """The learner's name in the name of its study and in tables."""
        return self.label or self.method


class ObjectiveSpec(Strict):
    """A recorded measure that trials are judged by."""

    metric: str
    """The measure's name; `metric` is the key that files use."""
    direction: Literal["maximize", "minimize"] | None = None
    """It is known for the measures of a leaderboard, and needed for those of a learner's own."""


class SamplerSpec(Strict):
    """The sampler of Optuna that proposes configurations."""

    name: Literal["tpe", "gp", "nsga2", "nsga3", "random"] = "tpe"
    seed: int = Field(default=0, ge=0)
    options: dict[str, Any] = Field(default_factory=dict)
    """Further arguments of Optuna's sampler, such as `n_startup_trials` or `population_size`."""


class EarlyStopSpec(Strict):
    """The rule that gives up a fit whose hypervolume is below that of most completed trials at the same step."""

    probes: int = Field(default=3, ge=1)
    """How often during a fit the partial set is scored."""
    n_startup_trials: int = Field(default=5, ge=1)
    """How many completed trials must have a value at a step before others are judged there."""
    percentile: float = Field(default=50.0, gt=0, lt=100)
    """A fit is given up below this percentile of the completed trials; 50 is the median."""


class HeldOutSpec(Strict):
    """The test of what was found: tuned and default configurations on other seeds and the test split."""

    seeds: list[int] = Field(min_length=1)
    baselines: list[Annotated[LearnerSpec, named("method")]] = Field(default_factory=list)
    """Further learners to compare with, as in a bench."""
    goals: dict[str, FiniteFloat] = Field(default_factory=dict)
    """Measure -> a value; tables count the seeds that are at least as good."""


class TuneSpec(Strict):
    """A tuning file: every learner is tuned in a study of its own, all else is shared."""

    name: str = Field(pattern=r"^[\w\-. ]+$")
    """The tuning's name; a study is called `<name>/<learner>`."""
    suite: Annotated[SuiteSpec, named("name")]
    learners: list[Annotated[TunedLearnerSpec, named("method")]] = Field(min_length=1)
    space: SpaceSpec | None = None
    """For learners without a space of their own; when absent, every documented range that buys no quality with cost."""
    trials: int = Field(ge=1)
    """How many distinct configurations each study tries."""
    seeds: list[int] = Field(default=[0], min_length=1)
    """The seeds of a trial's cells, over which objectives are averaged."""
    objectives: list[Annotated[ObjectiveSpec, named("metric")]] = Field(
        default=[ObjectiveSpec(metric="hypervolume")], min_length=1
    )
    sampler: SamplerSpec = SamplerSpec()
    early_stop: EarlyStopSpec | None = None
    """When fits are given up. Absent, it is `{}` where hypervolume is the only objective, else `null`: never."""
    heartbeat_s: int = Field(default=15, ge=1)
    """Seconds between a worker's signs of life; after three without one its trial is tried again."""
    test: HeldOutSpec | None = None
    """When absent, nothing is compared."""

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
        """Whether hypervolume is the only objective; only then can Optuna's pruner be told what a fit has reached."""
        return [objective.metric for objective in self.objectives] == ["hypervolume"]

    @property
    def gives_up(self) -> EarlyStopSpec | None:
        """The rule that gives up fits, or None.

        Where the file has none it applies for hypervolume alone: with further objectives a cheap fit may have little
        hypervolume and yet be on the front.
        """
        unstated = "early_stop" not in self.model_fields_set
        return EarlyStopSpec() if unstated and self.hypervolume_alone else self.early_stop

    def study_name(self, learner: TunedLearnerSpec) -> str:
        """Return the name of one learner's study, in Optuna's storage and in `tuned:` of a bench."""
        return f"{self.name}/{learner.name}"


def read_tune(file: Path) -> TuneSpec:
    """Read and check a tuning file.

    Raises:
        ConfigError: the file cannot be read, or its content is not a tuning; the message says what is wrong.
    """
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
