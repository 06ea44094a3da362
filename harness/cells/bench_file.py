"""The YAML of a bench: suites, learners and seeds, whose product is the cells."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from ...errors import ConfigError
from .cell import Cell, make_cell
from .yaml_file import Strict, named, read_yaml


class SuiteSpec(Strict):
    """One suite, or some of its tasks."""

    name: str
    tasks: list[str] | None = None
    """In the order of objectives; all when absent."""
    points_per_edge: int | None = None
    """Of the preference grid; a few dozen preferences when absent."""


class LearnerSpec(Strict):
    """One method with the options that differ from its defaults, or what a study has found for it."""

    method: str = ""
    options: dict[str, Any] = Field(default_factory=dict)
    """With `tuned`: what is to differ from the configuration found."""
    label: str | None = None
    """Its name on the leaderboard; method and options when absent."""
    tuned: str | None = None
    """Instead of a method: name of a finished study, `<file's name>/<learner>`."""
    trial: int | None = None
    """With `tuned`: another of the study's best trials than the one it chose."""

    @model_validator(mode="after")
    def _one_origin(self) -> LearnerSpec:
        if bool(self.method) == (self.tuned is not None):
            raise ConfigError("a learner is given by method, or by tuned: the name of a study")
        if self.trial is not None and self.tuned is None:
            raise ConfigError("trial is given beside tuned, the name of a study")
        return self


class BenchSpec(Strict):
    """Every learner is run on every suite with every seed."""

    name: str
    suites: list[Annotated[SuiteSpec, named("name")]] = Field(min_length=1)
    learners: list[Annotated[LearnerSpec, named("method")]] = Field(min_length=1)
    seeds: list[int] = Field(default=[0], min_length=1)
    probes: int = Field(default=0, ge=0)
    """How often the partial set is scored during each fit, and once at its end, for curves of quality over
    time. Fits are neither changed by it nor charged for it, so it decides nothing about which cells have finished."""

    def cells(self) -> list[Cell]:
        """Return the cells, suite by suite and seed by seed; equal ones once.

        Raises:
            UnknownNameError, ConfigError: a name or value that is not known, or a tuned learner not looked up.
        """
        cells = [
            make_cell(
                learner.method,
                suite.name,
                tasks=suite.tasks,
                seed=seed,
                options=learner.options,
                points_per_edge=suite.points_per_edge,
                label=learner.label,
            )
            for suite in self.suites
            for seed in self.seeds
            for learner in self.learners
        ]
        return list({cell.key: cell for cell in cells}.values())


def read_bench(file: Path) -> BenchSpec:
    """Read and check a bench file; ConfigError says in one sentence what is wrong with it."""
    return read_yaml(file, BenchSpec, parts=(SuiteSpec, LearnerSpec))
