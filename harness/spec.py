"""The YAML of a bench: suites, learners and seeds, whose product is the cells."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ..errors import ConfigError
from .cell import Cell, make_cell


class _Strict(BaseModel):
    """A misspelt key is an error, not a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SuiteSpec(_Strict):
    """One suite, or some of its tasks."""

    name: str
    tasks: list[str] | None = None
    """In the order of objectives; all when absent."""
    points_per_edge: int | None = None
    """Of the preference grid; a few dozen preferences when absent."""


class LearnerSpec(_Strict):
    """One method with the options that differ from its defaults."""

    method: str
    options: dict[str, Any] = Field(default_factory=dict)
    label: str | None = None
    """Its name on the leaderboard; method and options when absent."""


class BenchSpec(_Strict):
    """Every learner is run on every suite with every seed."""

    name: str
    suites: list[SuiteSpec] = Field(min_length=1)
    learners: list[LearnerSpec] = Field(min_length=1)
    seeds: list[int] = Field(default=[0], min_length=1)

    @field_validator("suites", mode="before")
    @classmethod
    def _suite_by_name(cls, value: Any) -> Any:
        return (
            [{"name": item} if isinstance(item, str) else item for item in value] if isinstance(value, list) else value
        )

    @field_validator("learners", mode="before")
    @classmethod
    def _learner_by_name(cls, value: Any) -> Any:
        return (
            [{"method": item} if isinstance(item, str) else item for item in value]
            if isinstance(value, list)
            else value
        )

    def cells(self) -> list[Cell]:
        """The cells, suite by suite and seed by seed; equal ones once.

        Raises:
            UnknownNameError, ConfigError: a name or value that is not known.
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


class _OneOfEachKey(yaml.SafeLoader):
    """YAML without repeated keys, of which the standard loader keeps the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(problem=f"the key {key!r} is given twice")
        return super().construct_mapping(node, deep)


def read_bench(file: Path) -> BenchSpec:
    """Read and check a bench file; ConfigError says in one sentence what is wrong with it."""
    try:
        content = yaml.load(file.read_text(), _OneOfEachKey)
    except OSError as error:
        raise ConfigError(f"the bench file {str(file)!r} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{file} is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{file} must hold the keys name, suites and learners, found {type(content).__name__}")
    try:
        return BenchSpec.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{file}: {_first_problem(error)}") from error


def _first_problem(error: ValidationError) -> str:
    # A misspelt key is also a missing one; the misspelling says more.
    problem = min(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
    where = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        key = str(problem["loc"][-1])
        known = [*BenchSpec.model_fields, *SuiteSpec.model_fields, *LearnerSpec.model_fields]
        near = difflib.get_close_matches(key, known, n=1)
        return f"unknown key {where!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    if problem["type"] == "missing":
        return f"the key {where!r} is missing"
    return f"{where}: {problem['msg'].lower()}, found {problem['input']!r}"
