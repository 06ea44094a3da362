"""Read published tables: data files with every row as it was printed, and what of a bench stands beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ...errors import ConfigError
from ...yaml_file import Strict, read_yaml
from ..cells.line import checked_line, folded
from ..scoring.measures import MEASURES

METHOD = "method"
"""The heading of the first column, by which notes name a whole row."""
LONGEST_SENTENCE = 2000
Words = Annotated[str, AfterValidator(folded), AfterValidator(checked_line)]
Sentence = Annotated[str, AfterValidator(folded), Field(max_length=LONGEST_SENTENCE)]
Weight = Annotated[float, Field(ge=0, le=1)]


class ColumnSpec(Strict):
    """One column: what was printed in it, and what is measured beside it; without a quantity, nothing is."""

    heading: Words
    task: str | None = None
    """The task whose accuracy in % it is, as the bench's suite calls it."""
    mean: bool = False
    """Whether it is the mean accuracy in % over the tasks of the row's suite."""
    measure: str | None = None
    """The name of a measure of a run, such as `fit_time_s`."""
    option: str | None = None
    """The name of a learner's option, or, where that is left to the suite, of the suite's budget."""

    @model_validator(mode="after")
    def _one_quantity(self) -> ColumnSpec:
        if sum((self.task is not None, self.mean, self.measure is not None, self.option is not None)) > 1:
            raise ConfigError(f"the column {self.heading!r} has one of task, mean, measure and option, found several")
        if self.measure is not None and self.measure not in MEASURES:
            raise ConfigError(f"the measure {self.measure!r} is not known; known are {', '.join(MEASURES)}")
        return self


class RowSpec(Strict):
    """One row, as it was printed."""

    method: Words
    values: list[float | Words | None]
    """What was printed, one a column; a number is an accuracy with one digit, null where nothing was."""
    corrected: bool = False
    """Whether these are values that were printed elsewhere, at their right place."""
    learner: str | None = None
    """The label of the bench's learner that stands beside the row; None where none does."""
    at: Literal["equal", "own", "best"] | dict[str, Weight] = "equal"
    """Which of the learner's answers: that at equal weights, or of a learner of one answer this; `own`: for every task
    the answer that weighs it alone; `best`: of the models of a curve that of the best mean; or weights by task."""
    suite: str | None = None
    """The name of the bench's suite that it belongs to, where the bench has several."""
    n_tasks: int | None = None
    """The number of tasks of the bench's suite that it belongs to, where several suites differ in it."""
    notes: dict[str, str] = Field(default_factory=dict)
    """Names of notes, by the heading of the value that they are on, or `method` for the row."""


class PublishedTable(Strict):
    """The content of a file of a published table."""

    title: Words
    source: Words
    columns: list[ColumnSpec] = Field(min_length=1)
    rows: list[RowSpec] = Field(min_length=1)
    notes: dict[str, Sentence] = Field(default_factory=dict)
    """Sentences that rows refer to by name, on misprints and the like."""
    about: list[Sentence] = Field(default_factory=list)
    """Sentences on the whole table."""

    @model_validator(mode="after")
    def _fits_together(self) -> PublishedTable:
        headings = [column.heading for column in self.columns]
        if len({METHOD, *headings}) <= len(headings):
            raise ConfigError(f"headings are different and none is {METHOD!r}, found {', '.join(headings)}")
        for row in self.rows:
            if len(row.values) != len(headings):
                raise ConfigError(f"the row {row.method!r} has a value a column, {len(headings)}; {_found(row)}")
            for heading, note in row.notes.items():
                if heading not in (METHOD, *headings):
                    raise ConfigError(f"the row {row.method!r} has a note on {heading!r}, which is no heading")
                if note not in self.notes:
                    raise ConfigError(f"the row {row.method!r} refers to the note {note!r}, which is not among notes")
        return self

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that have a column, in its order."""
        return tuple(column.task for column in self.columns if column.task is not None)


def _found(row: RowSpec) -> str:
    return f"found {len(row.values)}"


def read_tables(files: Sequence[str], folder: Path) -> dict[str, PublishedTable]:
    """Return published tables by the names of their files without ending.

    Args:
        files: as a bench names them.
        folder: where relative paths start.

    Raises:
        ConfigError: a file cannot be read or does not fit, or two have one name.
    """
    found: dict[str, PublishedTable] = {}
    for file in files:
        path = folder / Path(file).expanduser()
        if path.stem in found:
            raise ConfigError(f"two tables are called {path.stem!r}; name files apart, since results are called so")
        found[path.stem] = read_yaml(path, PublishedTable, parts=(ColumnSpec, RowSpec))
    return found
