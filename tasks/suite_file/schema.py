"""What a suite file holds: models of its YAML, which refuse unknown keys and name the wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, JsonValue, PositiveFloat, PositiveInt, model_validator

from ...errors import ConfigError
from ...yaml_file import Strict
from .refused_keys import given_keys, refuse_keys

Split: TypeAlias = Literal["train", "val", "test"]
"""The splits that learners and runs ask for."""
RANDOM = "random"
"""What stands for weights that are drawn at random."""
Licence: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
"""An SPDX identifier such as apache-2.0, or a few words; model cards of exports state it."""
ONE_FILE = "train"
"""The split that a single file or folder without folders of splits is taken for; val and test are carved from it."""


class Part(Strict):
    """A part of a suite file: numbers that stand where a name is expected, such as a column 0, are read as names.

    Everything in it can be written as JSON, so no number is infinite.
    """

    model_config = ConfigDict(coerce_numbers_to_str=True, allow_inf_nan=False)


LIBRARIES = ("open_clip", "transformers", "timm", "torchvision", "python")
"""The keys of a model of which one is given."""
IMAGE_LIBRARIES = ("open_clip", "timm", "torchvision")
"""Those whose models take images alone."""


class ModelSpec(Part):
    """The architecture, by exactly one library."""

    open_clip: str | None = None
    """A model of open_clip, such as ViT-B-32-quickgelu; its image tower is the encoder."""
    transformers: str | None = None
    """A folder with a config.json, or the id of a model on the Hugging Face hub."""
    timm: str | None = None
    """A model of timm."""
    torchvision: str | None = None
    """A model of torchvision."""
    python: str | None = None
    """A function of the user's, `file.py:name`, that returns the encoder, an `nn.Module`."""
    options: dict[str, JsonValue] = Field(default_factory=dict)
    """Keyword arguments of the library's or the user's function that makes the model."""

    @model_validator(mode="before")
    @classmethod
    def _arguments_are_options(cls, content: object) -> object:
        if isinstance(content, Mapping):
            others = [key for key in content if not difflib.get_close_matches(str(key), cls.model_fields, n=1)]
            refuse_keys(
                cls,
                {
                    str(
                        key
                    ): f"expected one of {', '.join(LIBRARIES)} and options; what the library's function is to be "
                    f"given stands there, as options: {{{key}: ...}}"
                    for key in others
                },
                content,
            )
        return content

    @model_validator(mode="after")
    def _one_library(self) -> ModelSpec:
        _require_one(self, LIBRARIES, "a model is of one library")
        return self

    @property
    def library(self) -> str:
        """The library's key."""
        return next(name for name in LIBRARIES if getattr(self, name) is not None)


FORMATS = ("imagefolder", "parquet", "csv", "tsv", "jsonl", "hub", "torchvision", "generated")
"""The keys of data of which one is given."""
_TABLES = ("parquet", "hub", "csv", "tsv", "jsonl")
READ_OF = {
    "config": ("hub",),
    "root": ("torchvision",),
    "image": ("parquet", "hub"),
    "text": (*_TABLES, "generated"),
    "label": _TABLES,
    "header": ("csv", "tsv"),
    "separator": (*_TABLES, "generated"),
}
"""Keys of data that not all formats have a use for, with those that have."""


class DataSpec(Part):
    """One task's data, of exactly one format; a path, or one a split."""

    imagefolder: str | dict[Split, str] | None = None
    """A folder of class folders, or one that holds a folder of class folders a split."""
    parquet: str | dict[Split, str] | None = None
    """Parquet files with a column of images or of texts, as the hub serves them; may name files by a pattern."""
    csv: str | dict[Split, str] | None = None
    tsv: str | dict[Split, str] | None = None
    """Fields are separated by tabs; quotation marks mean nothing."""
    jsonl: str | dict[Split, str] | None = None
    hub: str | None = None
    """The id of a data set on the Hugging Face hub, whose Parquet files are read."""
    config: str | None = None
    """The configuration of a hub data set that has several."""
    torchvision: str | None = None
    """A data set of torchvision, such as MNIST; read from `root`, never downloaded."""
    root: str | None = None
    """The folder that holds torchvision's files."""
    generated: dict[str, int] | None = None
    """Random inputs in place of data: examples a split, and `classes`; for memory and speed alone."""
    splits: dict[Split, str] = Field(default_factory=dict)
    """What the data call our splits, such as {val: validation_matched}."""
    image: str | None = None
    """The column of images; found by its type when absent."""
    text: str | Annotated[list[str], Field(min_length=1, max_length=2)] | None = None
    """The column of texts, or both columns of pairs."""
    label: str | None = None
    """The column of labels; `label` when absent."""
    header: bool = True
    """Whether the first line of a csv or tsv names its columns; else columns are named 0, 1, ..."""
    separator: str | None = None
    """What joins the two texts of a pair; as the tokenizer makes pairs when absent, "" or " " by plain joining."""
    classes: str | list[str] | None = None
    """The canonical classes by label: names, or a file with one a line. Data are matched to them by normalised name;
    a name may be followed by others that data have for the same class, each after a tab."""
    val_share: float = Field(default=0.1, gt=0, lt=1)
    """Share of train that becomes val, where the data have no val (and of what becomes test)."""
    split_seed: int = Field(default=0, ge=0)
    """Seed of the carving."""
    at_most: dict[Split, PositiveInt] = Field(default_factory=dict)
    """The most examples of a split; a seeded choice, the same share of every class."""
    license: Licence | None = None
    """Licence of the data; no result depends on it."""

    @model_validator(mode="after")
    def _one_format(self) -> DataSpec:
        _require_one(self, FORMATS, "data are of one format")
        return self

    @model_validator(mode="after")
    def _all_keys_are_read(self) -> DataSpec:
        given = given_keys(self)
        form = next(name for name in FORMATS if name in given)
        wrong = {
            key: f"is for data of {' or '.join(forms)}, and means nothing beside {form}; remove it"
            for key, forms in READ_OF.items()
            if key in given and form not in forms
        }
        if {"image", "text"} <= given and not wrong:
            wrong["image"] = "is the column of images, found `text` beside it, the column of texts; remove one of them"
        if "separator" in given and not wrong and self.text is not None and self.n_texts == 1:
            wrong["separator"] = "joins the texts of a pair, found one column of `text`; remove it, or name two columns"
        refuse_keys(type(self), wrong, self.__dict__)
        return self

    @property
    def n_texts(self) -> int:
        """How many texts make an example, as far as `text` says; 1 where it says nothing."""
        return len(self.text) if isinstance(self.text, list) else 1


class ZeroShotSpec(Part):
    """A head made by a CLIP's text tower."""

    templates: str | Annotated[list[str], Field(min_length=1)]
    """Prompts with {} in the place of a class, or a file with one a line."""
    classes: str | list[str] | None = None
    """Names of the classes by label, or a file with one a line; the data's classes when absent."""


class HeadSpec(Part):
    """A task's frozen head, which is never merged: from the expert's file by default."""

    own: str | None = None
    """Its name in the expert's file, such as `classifier`; found when absent."""
    file: str | None = None
    """A file or folder that holds it."""
    zero_shot: ZeroShotSpec | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> HeadSpec:
        _require_one(self, ("own", "file", "zero_shot"), "a head has one origin")
        return self


class TaskSpec(Part):
    """One task: an expert, its data, and its head."""

    expert: str
    """A file, a folder, or a hub id; or `random`."""
    data: DataSpec
    head: HeadSpec | None = None
    license: Licence | None = None
    """Licence of the expert; no result depends on it."""

    @model_validator(mode="after")
    def _random_experts_have_no_head(self) -> TaskSpec:
        if self.expert == RANDOM and self.head is not None and self.head.own is not None:
            why = "is a head's name in the expert's file, found the expert random, which has none; remove it"
            refuse_keys(type(self), {"head.own": why}, {})
        return self


class BudgetSpec(Part):
    """The training that the suite recommends, see `Budget`."""

    steps: PositiveInt = 4000
    batch_size: PositiveInt = 16
    lr: PositiveFloat = 1e-5


class SuiteFile(Part):
    """The content of a suite file; relative paths start at the file's folder."""

    name: str
    version: str = "1"
    summary: str = ""
    """One line on what the suite is."""
    model: ModelSpec
    pretrained: str
    """A file, a folder, a tag of open_clip, a hub id; or `random`."""
    license: Licence | None = None
    """Licence of the pre-trained model; no result depends on it."""
    tasks: dict[str, TaskSpec] = Field(min_length=1)
    budget: BudgetSpec = BudgetSpec()
    expert_examples: PositiveInt | None = None
    """Examples that the fine-tuning of one expert took, steps times batch size; no result depends on it."""
    cpu_threads: PositiveInt | None = None
    """Threads of a cell on a CPU; all cores when absent."""
    max_length: PositiveInt | None = None
    """The most tokens of a text; the model's own limit when absent."""
    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    """The type that all weights are converted to; that of the pre-trained file when absent."""

    @model_validator(mode="after")
    def _only_texts_have_a_length(self) -> SuiteFile:
        library = self.model.library
        if self.max_length is not None and library in IMAGE_LIBRARIES:
            why = f"is the most tokens of a text, and a model of {library} takes images; remove it"
            refuse_keys(type(self), {"max_length": why}, self.__dict__)
        return self


PARTS = (ModelSpec, DataSpec, HeadSpec, ZeroShotSpec, TaskSpec, BudgetSpec)
"""The models that a suite file is made of, for the nearest match of a misspelt key."""


def _require_one(spec: Strict, names: tuple[str, ...], what: str) -> None:
    """Refuse a part that gives none or several of some keys."""
    given = [name for name in names if getattr(spec, name) is not None]
    if len(given) != 1:
        found = " and ".join(given) or "none"
        raise ConfigError(f"{what}: expected one of {', '.join(names)}, found {found}")
