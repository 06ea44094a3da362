"""What `bundle.json` of a bundle holds, field by field; whatever comes from others is checked against this first."""

from __future__ import annotations

import functools
import posixpath
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..cells.cell import Cell, is_one_line
from ..records.mlflow_tags import OWN_TAGS

FORMAT = "frontrunner bundle"
VERSION = 1
"""Raised whenever an older Frontrunner could not read what is written."""

NOT_RUN = "missing"
"""Status of a cell that a bench has asked for and nobody has started."""


def _shown(text: str) -> str:
    if not is_one_line(text):  # it is printed to terminals, which obey control characters
        raise ValueError("text of one line is expected, found control characters")
    return text


def _environment(entries: dict[str, str]) -> dict[str, str]:
    if taken := OWN_TAGS & set(entries):
        raise ValueError(f"the environment may not have an entry {min(taken)!r}")
    return entries


def is_name(text: str) -> bool:
    """Whether MLflow takes it as the name of a metric, parameter or tag: its names are paths."""
    return (
        re.fullmatch(r"[\w\-. /]{1,200}", text) is not None and posixpath.normpath(text) == text and text[0] not in "./"
    )


def _name(text: str) -> str:
    if not is_name(text):
        raise ValueError("a name has letters, digits, spaces and _-./ only")
    return text


Text = Annotated[str, Field(max_length=2000), AfterValidator(_shown)]
Name = Annotated[str, AfterValidator(_name)]
File = Annotated[str, Field(pattern=r"^\w[\w\-. +]{0,199}$"), AfterValidator(_shown)]
"""What becomes the name of a folder."""
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    """An unknown key, a number in quotes, NaN or infinity is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class _Spec(_Part):
    """The types of a cell's fields, with what may become the name of a file, a metric or a folder."""

    method: File
    method_version: Text
    options: dict[str, Any]
    suite: File
    suite_version: Text
    tasks: Annotated[list[Name], Field(min_length=1, max_length=1000)]
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    points_per_edge: Annotated[int, Field(ge=1, le=100_000)]
    label: Text
    split: Literal["test"]

    @model_validator(mode="after")
    def _fits_a_tag(self) -> _Spec:
        if len(self.model_dump_json()) > 7000:  # MLflow takes 8,000 characters
            raise ValueError(f"the options of {self.label!r} are too long")
        return self


class SharedResult(_Part):
    """A finished cell; its front stands in `fronts.parquet`."""

    members: Annotated[int, Field(ge=1)]
    digest: Digest
    """Of the front, see `front_digest`."""
    reference_point: list[float]
    pareto_front: Digest | None
    """Of one in `pareto_fronts.parquet`."""
    hypervolume_limit: float | None
    specialist: list[float] | None
    pretrained: list[float] | None
    problem: Annotated[str, Field(pattern=r"^[0-9a-f]*$", max_length=64)]
    hypervolume: float
    hypervolume_error: Annotated[float, Field(ge=0)] | None
    """Half width of the estimate's interval; None where it is exact."""
    environment: Annotated[dict[Name, Text], AfterValidator(_environment)]
    metrics: dict[Name, float]
    """What was measured, without what depends on other runs' fronts."""
    resolved: Annotated[dict[Name, Any], Field(max_length=90)]
    """The learner's options with their defaults filled in for this problem."""
    routing: Digest | None
    """Of the member `routing/<key>.parquet`."""


class Entry(_Part):
    """One cell."""

    key: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    cell: dict[str, Any]
    status: Literal["finished", "unsupported", "failed", "out of memory", "killed", "stopped", "missing"]
    reason: Text
    result: SharedResult | None

    @model_validator(mode="after")
    def _one_story(self) -> Entry:
        spec = _Spec.model_validate(self.cell)
        if (self.result is not None) != (self.status == "finished"):
            raise ValueError(f"the cell {self.key} is {self.status!r} and {'has' if self.result else 'lacks'} a result")
        if Cell.from_json(spec.model_dump()).key != self.key:
            raise ValueError(f"the cell {self.key} is not what its key says")
        for vector in () if self.result is None else self._vectors(self.result):
            if vector is not None and len(vector) != len(spec.tasks):
                raise ValueError(f"the cell {self.key} has {len(spec.tasks)} tasks and {len(vector)} values of them")
        return self

    @staticmethod
    def _vectors(result: SharedResult) -> tuple[list[float] | None, ...]:
        return result.reference_point, result.specialist, result.pretrained

    @functools.cached_property
    def spec(self) -> Cell:
        """The cell itself."""
        return Cell.from_json(self.cell)


class Content(_Part):
    """All of `bundle.json`."""

    format: Literal["frontrunner bundle"]
    version: Literal[1]
    created: Text
    """UTC."""
    frontrunner: Text
    """Version that has written it."""
    orientation: Literal["minimise"]
    cells: Annotated[list[Entry], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_once(self) -> Content:
        if len({entry.key for entry in self.cells}) < len(self.cells):
            raise ValueError("a cell stands there twice")
        return self


def validation_message(error: ValidationError) -> str:
    """The first of pydantic's complaints: where, and what."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first["loc"] else str(first["msg"])
