"""Set what a bench has measured beside the rows of published tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ...metrics.statistics import FEWEST_VALUES, MeanInterval, mean_interval
from ...tasks import SUITES
from ..board.seed_statistics import values_of
from ..cells.cell import Cell
from ..scoring.measures import MEASURES
from ..scoring.scored_cells import ScoredCell
from .measured import Answer, Measured, find_answer
from .shown_table import ShownTable, TableEntry, TableRow, missing
from .study import Place, PublishedStudy
from .table_file import METHOD, ColumnSpec, PublishedTable, RowSpec

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def tables_beside(study: PublishedStudy, name: str, measured: Measured) -> list[ShownTable]:
    """Return a published table with what was measured.

    Where the bench ran on the table's own suites, that is one table, in which what was measured follows the published
    row. On another suite, other data, it is two, since no column of one can be read against the other's: first what was
    measured, with the other suite's tasks as headings, then what was published.
    """
    return _Tables(study, name, measured).made()


@dataclass
class _Tables:
    """What the rows of one table share, and the notes that come of them."""

    study: PublishedStudy
    name: str
    measured: Measured
    further: dict[str, None] = field(default_factory=dict)
    """Notes on what was measured, in the order in which they came up."""

    @property
    def table(self) -> PublishedTable:
        return self.study.tables[self.name]

    def made(self) -> list[ShownTable]:
        table, rows = self.table, self.table.rows
        places = [self.study.place(self.name, row) for row in rows]
        headings = tuple(column.heading for column in table.columns)
        marks = dict(zip(table.notes, LETTERS, strict=False))
        printed = [self._printed(row, marks) for row in rows]
        told = [f"[{marks[name]}] {sentence}" for name, sentence in table.notes.items()]
        source = f"Published rows: {table.source}."
        if all(place.same_data for place in places):
            here = [self._here(row, place, table.columns) for row, place in zip(rows, places, strict=True)]
            lines = [line for both in zip(printed, here, strict=True) for line in both if line is not None]
            notes = [source, *told, *table.about, *self._reading(table.columns), *self.further]
            return [ShownTable(table.title, headings, tuple(lines), tuple(notes))]
        columns = [_on_other_data(column, places) for column in table.columns]
        kept = [column for column in columns if column is not None]
        here = [self._here(row, place, kept) for row, place in zip(rows, places, strict=True)]
        lines = [line for line in dict.fromkeys(here) if line is not None]
        study_name = self.study.run.name
        ran_on = " and ".join(dict.fromkeys(place.suite for place in places))
        unit = "; accuracy in %" if any(column.task or column.mean for column in kept) else ""
        own = ShownTable(
            f"{table.title.partition(':')[0]}, run on {ran_on} in the place of its own data ({study_name}){unit}",
            tuple(column.heading for column in kept),
            tuple(lines),
            (*self._in_place_of(places), *self._reading(kept), *self.further),
        )
        apart = f"{table.title}. Published, on other data: not to be compared with what was measured on {ran_on}"
        return [own, ShownTable(apart, headings, tuple(printed), (source, *told, *table.about))]

    def _printed(self, row: RowSpec, marks: Mapping[str, str]) -> TableRow:
        """Return a row as it was printed."""
        entries = []
        for column, value in zip(self.table.columns, row.values, strict=True):
            mark = marks[row.notes[column.heading]] if column.heading in row.notes else ""
            text = f"{value:.1f}" if isinstance(value, float) else value
            entries.append(missing() if text is None else TableEntry(text, mark))
        method = TableEntry(row.method, marks[row.notes[METHOD]] if METHOD in row.notes else "")
        return TableRow(method, "published, corrected" if row.corrected else "published", tuple(entries))

    def _here(self, row: RowSpec, place: Place, columns: Sequence[ColumnSpec]) -> TableRow | None:
        """Return what was measured beside a row; None where it asks for a learner or a task that there is not."""
        if row.learner is None:
            return None
        at = row.at
        if not isinstance(at, str):
            if not set(at) <= set(place.in_place_of):
                return None
            at = {place.in_place_of[task]: weight for task, weight in at.items()}
        results = self.measured.results(place).get(row.learner, {})
        self.further |= dict.fromkeys(self.measured.unfinished(place, row.learner))
        answers = {seed: find_answer(result.record, at) for seed, result in sorted(results.items())}
        found = {seed: answer for seed, answer in answers.items() if answer is not None}
        about = _described(at, [answer.label for answer in found.values()])
        where = "" if row.n_tasks is None else f", {len(place.tasks)} tasks"
        if len(found) < len(answers):
            self.further[f"{row.learner} on {place.suite} has no answer {about or 'at equal weights'}."] = None
        quantities = _Quantities(place, results, found, self.measured.cells(place, row.learner))
        entries = tuple(quantities.entry(column) for column in columns)
        name = f"{row.learner}{f', {about}' if about else ''}{where}"
        if row.suite is not None:
            name += f", {place.suite}"
        return TableRow(TableEntry(name), "here", entries)

    def _in_place_of(self, places: Sequence[Place]) -> list[str]:
        """Return which tasks were run in the place of which."""
        found = {were: are for place in places for were, are in place.in_place_of.items() if were != are}
        told = [f"Tasks run in the place of the published ones: {_listed(found)}."] if found else []
        asked = self.table.tasks or ()
        left_out = [task for task in asked if not any(task in place.in_place_of for place in places)]
        return told + ([f"Without a task in their place: {', '.join(left_out)}."] if left_out else [])

    def _reading(self, columns: Sequence[ColumnSpec]) -> list[str]:
        """Return how the columns of measured rows are read."""
        seeds = self.study.run.seeds
        of = f"seed {seeds[0]}" if len(seeds) == 1 else f"the mean over {len(seeds)} seeds"
        are_accuracies = any(column.task is not None or column.mean for column in columns)
        are_measures = any(column.measure is not None for column in columns)
        spreads = ["± the half width"] * are_accuracies + ["[both ends]"] * are_measures
        spread = (
            f", with {' or '.join(spreads)} of its 95 % interval" if len(seeds) >= FEWEST_VALUES and spreads else ""
        )
        told = [f"Rows from here are measured: {of}{spread}."]
        if are_accuracies:
            told.append("Accuracies are those on the test split, at equal weights unless a row says other.")
        return [" ".join(told)]


@dataclass(frozen=True)
class _Quantities:
    """The results that one measured row is made of."""

    place: Place
    results: Mapping[int, ScoredCell]
    answers: Mapping[int, Answer]
    cells: Sequence[Cell]

    def entry(self, column: ColumnSpec) -> TableEntry:
        """Return what was measured of a column's quantity."""
        if column.option is not None:
            return self._option(column.option)
        if column.measure is not None:
            measure = MEASURES[column.measure]
            values = list(values_of(self.results, column.measure).values())
            return _entry(values, measure.text, lambda found: f" [{measure.text(found[0])}, {measure.text(found[1])}]")
        if column.mean:
            return _accuracies([float(one.accuracies.mean()) for one in self.answers.values()])
        if column.task is None:
            return missing()
        t = self.place.tasks.index(self.place.in_place_of[column.task])
        return _accuracies([float(one.accuracies[t]) for one in self.answers.values()])

    def _option(self, name: str) -> TableEntry:
        """Return the value of an option of the learner, or that of the suite's budget where it is left to it."""
        found = [cell.options[name] for cell in self.cells if name in cell.options]
        if not found or any(value != found[0] for value in found):
            return missing()
        value = found[0]
        if value is None:  # left to the suite
            value = getattr(SUITES.get(self.place.suite).budget, name, None)
        return missing() if value is None else TableEntry(f"{value}")


def _accuracies(values: Sequence[float]) -> TableEntry:
    return _entry(values, lambda value: f"{value:.1f}", lambda ends: f" ± {(ends[1] - ends[0]) / 2:.1f}")


def _entry(
    values: Sequence[float], text: Callable[[float], str], spread: Callable[[tuple[float, float]], str]
) -> TableEntry:
    """Return the mean of values over seeds as an entry, with its interval where there is one."""
    if not values:
        return missing()
    found: MeanInterval = mean_interval(values)
    ends = "" if found.low is None or found.high is None else spread((found.low, found.high))
    return TableEntry(f"{text(found.mean)}{ends}", measured=found)


def _on_other_data(column: ColumnSpec, places: Sequence[Place]) -> ColumnSpec | None:
    """Return a column for another suite, headed by its task; None where there is none in its place."""
    if column.task is None:
        return column
    heading = next((place.in_place_of[column.task] for place in places if column.task in place.in_place_of), None)
    return None if heading is None else column.model_copy(update={"heading": heading})


def _described(at: str | Mapping[str, float], labels: Sequence[str]) -> str:
    """Return which answers a row is of in words; empty for those at equal weights."""
    if at == "best":
        return " and ".join(dict.fromkeys(label for label in labels if label)) or "best mean"
    if isinstance(at, str):
        return {"own": "each on its own task"}.get(at, "")
    return "all for " + next(iter(at)) if list(at.values()) == [1.0] else f"weights {_listed(at)}"


def _listed(found: Mapping[str, object]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in found.items())
