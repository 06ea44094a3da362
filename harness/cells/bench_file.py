"""Read a bench's YAML file: it lists suites, learners and seeds, and every combination of them is a cell."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, model_validator

from ...errors import ConfigError, FrontrunnerError, UnknownNameError
from ...mistakes import Mistakes
from ...yaml_file import Strict, fitted, is_yaml_file, named, read_yaml
from .budgets import Budgets
from .cell import Cell
from .line import checked_line, folded
from .make_cell import ChosenSuite, cell_on, choose_suite
from .published_parts import FigureSpec
from .whole_number import WholeNumber

MAX_CELLS = 100_000
"""The most cells of a bench: ten times those of the largest that its leaderboard is timed with."""


Line = Annotated[str, AfterValidator(checked_line)]
"""A name that names one thing in a database."""
Label = Annotated[str, AfterValidator(folded), AfterValidator(checked_line)]
"""A name that is only shown; in a file it may be written on several lines."""


class SuiteSpec(Strict):
    """One suite of a bench, with all or some of its tasks."""

    name: str = ""
    """The name of a registered suite; may be left out where `file` is given."""
    file: str | None = None
    """A suite file; a relative path starts at the bench file."""
    tasks: list[str] | None = None
    """The suite's tasks to use, in the order of the objectives; all of them when absent."""
    weights: Literal["random"] | None = None
    """`random` for the shapes of a suite file with random weights on generated data, to measure memory and speed."""
    points_per_edge: WholeNumber | None = None
    """Points along each edge of the preference grid, 1 for equal weights alone; when absent, those of
    `default_grid`."""
    inner_points_per_edge: WholeNumber | None = None
    """Points along each edge of the grid's inner layer, whose preferences all weigh every task; 0 for none. None too
    where `points_per_edge` alone is given."""
    learners: list[str] | None = None
    """Those of the bench's learners that are run on the suite, by label, or by method where they have none; all when
    absent."""

    @model_validator(mode="before")
    @classmethod
    def _named_file(cls, given: Any) -> Any:
        """Read a name that is that of a YAML file as `file`."""
        if isinstance(given, dict) and is_yaml_file(given.get("name")) and given.get("file") is None:
            return {**{key: value for key, value in given.items() if key != "name"}, "file": given["name"]}
        return given

    @model_validator(mode="after")
    def _one_origin(self) -> SuiteSpec:
        if not self.name and self.file is None:
            raise ConfigError("a suite is given by name, or by file: a suite file")
        return self


class LearnerSpec(Strict):
    """One learner of a bench: a method with the options that differ from its defaults, or what a study has found."""

    method: str = ""
    """The method's name; empty where `tuned` is given."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Options that differ from the method's defaults, or from the configuration found where `tuned` is given."""
    label: Label | None = None
    """The learner's name on the leaderboard; its method and options when absent."""
    tuned: str | None = None
    """The name of a finished study, `<file's name>/<learner>`, given instead of `method`."""
    points_per_edge: WholeNumber | None = None
    """Points along each edge of the learner's own preference grid, 1 for equal weights alone; the suite's grid when
    absent. Learners with other grids stand on boards of their own."""
    inner_points_per_edge: WholeNumber | None = None
    """Points along each edge of the inner layer of the learner's own grid; only together with `points_per_edge`."""
    trial: WholeNumber | None = None
    """The number of one of the study's best trials, to use instead of the one it chose; only together with `tuned`."""

    @model_validator(mode="after")
    def _one_origin(self) -> LearnerSpec:
        if bool(self.method) == (self.tuned is not None):
            raise ConfigError("a learner is given by method, or by tuned: the name of a study")
        if self.trial is not None and self.tuned is None:
            raise ConfigError("trial is given beside tuned, the name of a study")
        if self.inner_points_per_edge is not None and self.points_per_edge is None:
            raise ConfigError("a learner's inner_points_per_edge is given beside its points_per_edge")
        return self

    @property
    def called(self) -> str:
        """The name by which other parts of the file refer to it: its label, or its method where it has none."""
        return self.label or self.method


class BenchSpec(Strict):
    """The content of a bench file: every learner is run on every suite with every seed."""

    name: Line
    suites: list[Annotated[SuiteSpec, named("name")]] = Field(min_length=1)
    learners: list[Annotated[LearnerSpec, named("method")]] = Field(min_length=1)
    seeds: list[WholeNumber] = Field(default=[0], min_length=1)
    probes: WholeNumber = Field(default=0, ge=0)
    """How often the partial set is scored during each fit, and once more at its end, for curves of hypervolume over
    time. Scoring does not change a fit and is not charged to it, so a cell's key does not depend on this number."""
    budgets: Budgets | None = None
    """Budgets that every learner that trains by steps is run at, unless its steps are given; as listed when absent."""

    tables: list[str] = Field(default_factory=list)
    """Files of published tables whose rows are shown beside the results; relative paths start at the bench file."""
    figures: list[Annotated[FigureSpec, named("kind")]] = Field(default_factory=list)
    """Figures to draw of the results."""

    @model_validator(mode="after")
    def _known_learners(self) -> BenchSpec:
        known = [learner.called for learner in self.learners]
        for suite in self.suites:
            for name in suite.learners or []:
                if name not in known:
                    raise UnknownNameError(f"learner of the bench, named by the suite {suite.name!r},", name, known)
        return self

    @model_validator(mode="after")
    def _learners_told_apart(self) -> BenchSpec:
        """Refuse a label of learners that differ in more than their steps, which are one curve over budgets."""
        called: dict[str, LearnerSpec] = {}
        for learner in self.learners:
            first = called.setdefault(learner.called, learner)
            if first.label is learner.label is None:  # labels are made for them, which tell them apart
                continue
            same = [(one.method, one.tuned, one.trial, {**one.options, "steps": None}) for one in (first, learner)]
            if same[0] != same[1]:
                raise ConfigError(f"two learners are called {learner.called!r}; give each a label of its own")
        return self

    def learners_on(self, suite: SuiteSpec) -> list[LearnerSpec]:
        """Return the learners that are run on a suite."""
        return [one for one in self.learners if suite.learners is None or one.called in suite.learners]

    @property
    def suite_files(self) -> list[str]:
        """The suite files of the bench, which workers load; absolute paths once `with_suite_files` has looked."""
        return list(dict.fromkeys(suite.file for suite in self.suites if suite.file is not None))

    def cells(self) -> list[Cell]:
        """Return the bench's cells, suite by suite and seed by seed, each cell once.

        Of learners that are the same but for their labels, the last has the cell.

        Raises:
            UnknownNameError, ConfigError: a name or value is not known, or a `tuned` learner has not been looked up.
        """
        return list({cell.key: cell for cell in self.asked_cells()}.values())

    def asked_cells(self) -> list[Cell]:
        """Return the cells of every learner under its own label, some of which may be the same cell.

        Raises:
            UnknownNameError, ConfigError: see `cells`.
        """
        n_budgets = 1 if self.budgets is None else len(self.budgets.amounts)
        n_cells = len(self.suites) * len(self.seeds) * len(self.learners) * n_budgets
        if n_cells > MAX_CELLS:
            raise ConfigError(f"a bench may have {MAX_CELLS:,} cells at most, found {n_cells:,}; split it")
        try:
            return [
                cell
                for suite in self.suites
                for chosen in [choose_suite(suite.name, suite.tasks)]
                for seed in self.seeds
                for learner in self.learners_on(suite)
                for cell in self._cells_of(learner, suite, chosen, seed)
            ]
        except FrontrunnerError:
            mistakes = Mistakes()
            note_mistakes(mistakes, self.suites, self.learners, self.seeds)
            mistakes.raise_any()
            raise

    def _cells_of(self, learner: LearnerSpec, suite: SuiteSpec, chosen: ChosenSuite, seed: int) -> list[Cell]:
        """Return the cells of one learner on one suite with one seed: one, or one a budget."""
        listed = _cell(suite, chosen, learner, seed)
        if self.budgets is None:
            return [listed]
        at_budgets = self.budgets.options(listed, learner.options)
        return [
            _cell(suite, chosen, learner.model_copy(update={"options": options, "label": label}), seed)
            for options, label in at_budgets
        ]


def _cell(suite: SuiteSpec, chosen: ChosenSuite, learner: LearnerSpec, seed: int) -> Cell:
    grid = suite if learner.points_per_edge is None else learner
    return cell_on(
        chosen,
        learner.method,
        seed=seed,
        options=learner.options,
        points_per_edge=grid.points_per_edge,
        inner_points_per_edge=grid.inner_points_per_edge,
        label=learner.label,
    )


def note_mistakes(
    mistakes: Mistakes, suites: Sequence[SuiteSpec], learners: Sequence[LearnerSpec], seeds: Sequence[int]
) -> None:
    """Note what is wrong with the names and values of a bench, part by part."""
    from ...methods import make_learner
    from ...tasks.seeds import as_seed

    chosen, fine = [], []
    for suite in suites:
        with mistakes.noted():
            chosen.append((suite, choose_suite(suite.name, suite.tasks)))
    for learner in learners:
        with mistakes.noted():
            make_learner(learner.method, **learner.options)
            fine.append(learner)
    for seed in seeds:
        with mistakes.noted():
            as_seed(seed)
    for suite, where in chosen:  # what only a cell shows: its grid, its length
        for learner in fine:
            with mistakes.noted():
                _cell(suite, where, learner, 0)


def read_bench(file: Path) -> BenchSpec:
    """Read and check a bench file; raise a ConfigError that says in one sentence what is wrong with it."""
    return read_yaml(
        file, BenchSpec, parts=(SuiteSpec, LearnerSpec, Budgets, FigureSpec), look_further=_further_mistakes
    )


def as_bench(content: Mapping[str, object]) -> BenchSpec:
    """Check what a script gives in the place of a bench file; raise a ConfigError that says what is wrong with it."""
    return fitted(
        content, BenchSpec, parts=(SuiteSpec, LearnerSpec, Budgets, FigureSpec), look_further=_further_mistakes
    )


def _further_mistakes(content: Mapping[Any, object]) -> Sequence[str]:
    """Return what is wrong with the names and values in those parts of a bench that could be read."""
    mistakes = Mistakes()
    suites = _readable(content.get("suites"), Annotated[SuiteSpec, named("name")])
    note_mistakes(
        mistakes,
        [suite for suite in suites if suite.file is None and suite.weights is None],
        [one for one in _readable(content.get("learners"), Annotated[LearnerSpec, named("method")]) if one.method],
        _readable(content.get("seeds"), WholeNumber),
    )
    return mistakes.told


def _readable(values: object, kind: Any) -> list[Any]:
    """Return those values of a list that are of a kind."""
    found, adapter = [], TypeAdapter(kind)
    for value in values if isinstance(values, list) else []:
        with contextlib.suppress(ValidationError):
            found.append(adapter.validate_python(value))
    return found
