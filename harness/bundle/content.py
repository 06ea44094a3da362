"""The fields of `bundle.json`; whatever comes from others is checked against them first."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import FailFast, Field, model_validator

from ..cells.cell import Cell
from ..records.status import Status
from .allowed import CellFields, HalfWidth, SharedModel, Text

FORMAT = "frontrunner bundle"
VERSION = 2
"""The format's version, raised whenever an older Frontrunner could not read what is written."""

NEVER_STARTED = "missing"
"""The word for the status of a cell that a bench has asked for and nobody has started."""


class CellEntry(SharedModel):
    """One cell, as every version of the format names it."""

    key: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    cell: dict[str, Any]
    status: Literal[
        "finished",
        "unsupported",
        "failed",
        "out of memory",
        "timed out",
        "over its memory limit",
        "killed",
        "stopped",
        "missing",
    ]
    reason: Text

    @model_validator(mode="after")
    def _its_key(self) -> Self:
        if Cell.from_json(CellFields.model_validate(self.cell).model_dump()).key != self.key:
            raise ValueError(f"the cell {self.key} is not what its key says")
        return self

    @functools.cached_property
    def parsed(self) -> Cell:
        """The cell itself."""
        return Cell.from_json(self.cell)

    @property
    def recorded_status(self) -> Status | None:
        """The status; None for a cell that was never started."""
        return None if self.status == NEVER_STARTED else Status(self.status)


class ClaimingEntry(CellEntry):
    """One cell with the hypervolume its exporter claims; the measurements of a finished cell are in its folder."""

    hypervolume: float | None
    """The hypervolume that the exporter claims; None where the cell did not finish."""
    hypervolume_error: HalfWidth | None
    """Half width of the interval of an estimated hypervolume; None where it is exact or there is none."""

    @model_validator(mode="after")
    def _one_story(self) -> Self:
        if (self.hypervolume is not None) != (self.status == "finished"):
            raise ValueError(f"the cell {self.key} is {self.status!r} and its hypervolume is {self.hypervolume}")
        return self


class About(SharedModel):
    """What every version of the format says of a bundle."""

    format: Literal["frontrunner bundle"]
    created: Text
    """The time of the export, in UTC."""
    frontrunner: Text
    """The version of Frontrunner that wrote the bundle."""
    orientation: Literal["minimise"]


class Content(About):
    """The whole of `bundle.json`."""

    version: Literal[2]
    cells: Annotated[list[ClaimingEntry], FailFast(), Field(min_length=1)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        check_each_once(self.cells)
        return self


def check_each_once(entries: Sequence[CellEntry]) -> None:
    """Raise ValueError where two entries name the same cell."""
    if len({entry.key for entry in entries}) < len(entries):
        raise ValueError("a cell stands there twice")
