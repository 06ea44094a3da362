"""An estimate as a table for people, as Markdown, and as JSON values."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..board.markdown import escape_markdown
from ..estimating.estimate import Estimate
from ..estimating.forecast import Forecast
from ..estimating.measured_fit import MeasuredFit
from ..scoring.units import as_bytes, as_time


@dataclass(frozen=True)
class Shown:
    """An estimate with what was measured beside it."""

    estimate: Estimate
    measured: MeasuredFit | None
    forecast: Forecast | None

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values; what is not known is absent."""
        found = self.estimate.to_json()
        if self.measured is not None:
            values = {**dataclasses.asdict(self.measured), "median_step_s": self.measured.median_s}
            found["measured"] = {name: value for name, value in values.items() if value is not None}
        if self.forecast is not None:
            values = dataclasses.asdict(self.forecast)
            found["forecast"] = {name: value for name, value in values.items() if value is not None}
        return found

    def as_table(self) -> RenderableType:
        """Return the lines as a table without borders."""
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        for what, value in self._rows():
            table.add_row(Text(what), Text(value))
        return Group(Text(self._title(), style="bold"), table, *(Text(one) for one in self._sentences()))

    def as_markdown(self) -> str:
        """Return the lines as a table of Markdown."""
        lines = [f"**{escape_markdown(self._title())}**", "", "| | |", "|---|---:|"]
        lines += [f"| {escape_markdown(what.strip())} | {value} |" for what, value in self._rows()]
        sentences = [escape_markdown(one) for one in self._sentences()]
        return "\n".join([*lines, *([""] if sentences else []), *sentences])

    def _title(self) -> str:
        one = self.estimate
        each = "" if one.batch_size is None else f", {one.batch_size} examples each"
        return f"{one.method} on {one.suite}: {', '.join(one.tasks)}{each} ({one.device})"

    def _rows(self) -> Iterator[tuple[str, str]]:
        one = self.estimate
        for what, count in (
            ("trainable parameters", one.trainable_parameters),
            ("total parameters", one.total_parameters),
        ):
            if count is not None:
                yield what, f"{count:,}"
        if one.peak is None:
            yield "the problem's weights and experts", as_bytes(one.held_bytes)
        else:
            yield (
                f"peak {'of a training' if one.peak is one.step else 'before the first'} step",
                as_bytes(one.peak.n_bytes),
            )
            for part, n_bytes in one.peak.parts.items():
                yield f"  {part}", as_bytes(n_bytes)
        if one.kept_bytes:
            yield "kept of every model that is trained", as_bytes(one.kept_bytes)
        if one.mapped_bytes:
            yield "of this mapped from files", as_bytes(one.mapped_bytes)
        if self.measured is not None:
            yield from self._measured_rows(self.measured)

    def _measured_rows(self, measured: MeasuredFit) -> Iterator[tuple[str, str]]:
        yield "measured peak of tensors", as_bytes(measured.peak_bytes)
        if measured.reserved_bytes is not None:
            yield "measured peak that torch had reserved", as_bytes(measured.reserved_bytes)
        yield "measured time of a step, median", as_time(measured.median_s)
        if len(measured.step_s) > 1:
            low, _, high = statistics.quantiles(measured.step_s, n=4)
            yield "  quartiles", f"{as_time(low)} to {as_time(high)}"
        if self.forecast is not None:
            one = self.forecast
            models = "" if one.n_models == 1 else f"{one.n_models} models of "
            yield f"forecast of the fit, {models}{one.n_steps} steps", as_time(one.fit_s)
            if one.evaluation_s is not None:
                evaluated = "the model" if one.n_members == 1 else f"{one.n_members} models"
                yield f"forecast of evaluating {evaluated}", as_time(one.evaluation_s)

    def _sentences(self) -> Iterator[str]:
        if self.estimate.peak is not None:
            yield "Parts are those at the moment of the peak; memory is that of tensors."
        if self.estimate.note:
            yield f"{self.estimate.note[0].upper()}{self.estimate.note[1:]}."
        if self.forecast is not None and self.forecast.evaluation_s is None:
            yield "The test split has too many examples to try how long its evaluation takes, which comes on top."
