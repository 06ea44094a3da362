"""Types that limit what a bundle may hold: it comes from others, and its texts go to terminals, folders and MLflow."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, FailFast, Field, model_validator

from ...one_line import is_one_line
from ..cells.cell import MAX_CELL_CHARACTERS
from ..records.checked_entries import Few, few_entries
from ..records.metric_names import is_metric_name
from ..records.mlflow_tags import OWN_TAGS


def _one_line(text: str) -> str:
    if not is_one_line(text):  # it is printed to terminals, which obey control characters
        raise ValueError("text of one line is expected, found control characters")
    return text


def _environment(entries: dict[str, str]) -> dict[str, str]:
    if taken := OWN_TAGS & set(entries):
        raise ValueError(f"the environment may not have an entry {min(taken)!r}")
    return entries


def _name(text: str) -> str:
    if not is_metric_name(text):
        raise ValueError("a name has letters, digits, spaces and _-./ only")
    return text


Text = Annotated[str, Field(max_length=2000), AfterValidator(_one_line)]
Name = Annotated[str, AfterValidator(_name)]
FolderName = Annotated[str, Field(pattern=r"^\w[\w\-. +]{0,199}$"), AfterValidator(_one_line)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ProblemDigest = Annotated[str, Field(pattern=r"^[0-9a-f]*$", max_length=64)]
SourceDigest = Annotated[str, Field(pattern=r"^[0-9a-f]*$", max_length=64)]
PointsPerEdge = Annotated[int, Field(ge=1, le=100_000)]
InnerPointsPerEdge = Annotated[int, Field(ge=2, le=100_000)]
HalfWidth = Annotated[float, Field(ge=0)]
Environment = Annotated[dict[Name, Text], Few, AfterValidator(_environment)]
Options = Annotated[dict[Name, Any], Few, Field(max_length=90)]
"""A learner's options, with those the problem decides filled in; MLflow takes at most 100 parameters at once."""


class SharedModel(BaseModel):
    """A model that refuses unknown keys, numbers in quotes, NaN and infinity."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _few_keys(cls, content: Any) -> Any:
        return few_entries(content)


class CellFields(SharedModel):
    """The types of a cell's fields, some of which become the name of a file, a metric or a folder."""

    method: FolderName
    method_version: Text
    options: dict[str, Any]
    suite: FolderName
    suite_version: Text
    tasks: Annotated[list[Name], FailFast(), Field(min_length=1, max_length=1000)]
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    points_per_edge: PointsPerEdge
    label: Text
    split: Literal["test"]
    method_source: SourceDigest = ""
    suite_source: SourceDigest = ""
    inner_points_per_edge: Literal[0] | InnerPointsPerEdge = 0

    @model_validator(mode="after")
    def _fits_a_tag(self) -> CellFields:
        if len(self.model_dump_json()) > MAX_CELL_CHARACTERS:
            raise ValueError(f"the options of {self.label!r} are too long")
        return self
