"""The problem of a suite file without values: its architecture, and examples of the right form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...errors import ConfigError
from ...tasks.backbones import make_backbone
from ...tasks.backbones.backbone import Backbone
from ...tasks.classification import ClassificationProblem
from ...tasks.datasets.input_format import InputFormat
from ...tasks.datasets.sources.generated_data import GeneratedData
from ...tasks.datasets.text_format import TextFormat
from ...tasks.examples import Examples
from ...tasks.problem import Problem
from ...tasks.suite_file.file_suite import FileSuite
from ...tasks.suite_file.loaded_model import LoadedModel, load_model, wanted_type
from ...tasks.suite_file.loaded_task import load_head
from ...tasks.suite_file.locations import read_model
from ...tasks.suite_file.random_models import seed_of, with_random_weights
from ...tasks.suite_file.reading import field
from ...tasks.suite_file.schema import RANDOM, DataSpec, SuiteFile

GENERATED = 64
"""Texts that are generated to see how long the longest of them is."""


@dataclass(frozen=True)
class FileShapes:
    """What a suite file's problem is posed from; nothing of it but heads and a few examples has values."""

    suite: type[FileSuite]
    backbone: Backbone
    encoder: nn.Module
    weights: Mapping[str, Tensor]
    """The encoder's weights and buffers, of which shapes and types count."""
    heads: Mapping[str, nn.Module]
    """By task, in the order of objectives."""
    examples: Mapping[str, Examples]
    """By task."""

    def pose(self, emptied: Callable[[nn.Module], nn.Module]) -> Problem:
        """Pose the problem, where all tensors that are made are fake.

        Args:
            emptied: makes the weights of a head fake.
        """
        models = [self._model() for _ in range(1 + len(self.heads))]
        return ClassificationProblem(
            name=self.suite.name,
            tasks=tuple(self.heads),
            model=self.encoder,
            pretrained=models[0],
            experts=models[1:],
            budget=self.suite.budget,
            data=[dict.fromkeys(("train", "val", "test"), examples) for examples in self.examples.values()],
            heads=[emptied(head) for head in self.heads.values()],
            to_input=self.backbone.inputs.to_input,
            run=self.backbone.run,
            trim=self.backbone.inputs.trim,
            join=self.backbone.inputs.join,
        )

    def _model(self) -> dict[str, Tensor]:
        return {name: torch.empty(like.shape, dtype=like.dtype) for name, like in self.weights.items()}


def read_file_shapes(suite: type[FileSuite], tasks: Sequence[str], n_examples: int) -> FileShapes:
    """Return the shapes of a suite file's problem.

    Weights that lie on this machine are looked at for their types and heads; nothing is downloaded, and no data are
    read. Texts are as long as they may be, those of generated data as long as the longest of them.

    Args:
        suite: the suite file's.
        tasks: in the order of objectives.
        n_examples: of each task.

    Raises:
        FrontrunnerError: the architecture cannot be made, or nothing says how many classes a task has.
    """
    spec, base = suite.spec, suite.file.parent
    with field(str(suite.file)):
        model = load_model(spec, base) if _is_here(spec, base) else None
        backbone = model.backbone if model else make_backbone(spec.model, base, None, max_length=spec.max_length)
        encoder = model.encoder if model else backbone.build()
        weights = model.pretrained if model else _typed(encoder.state_dict(), wanted_type(spec.dtype))
        heads = {task: _head(task, spec, base, backbone, model) for task in tasks}
    if (dtype := wanted_type(spec.dtype)) is not None:
        heads = {task: head.to(dtype) for task, head in heads.items()}
    examples = {task: _examples(spec.tasks[task].data, backbone.inputs, n_examples) for task in tasks}
    return FileShapes(suite, backbone, encoder, weights, heads, examples)


def _is_here(spec: SuiteFile, base: Path) -> bool:
    """Return whether the pre-trained weights are a file or folder of this machine."""
    return spec.pretrained != RANDOM and (base / Path(spec.pretrained).expanduser()).exists()


def _typed(weights: Mapping[str, Tensor], dtype: torch.dtype | None) -> dict[str, Tensor]:
    return {name: like.to(dtype) if dtype and like.is_floating_point() else like for name, like in weights.items()}


def _head(task: str, spec: SuiteFile, base: Path, backbone: Backbone, model: LoadedModel | None) -> nn.Module:
    """Return a head with as many classes as the task has: of the expert's file where that is here, else a random one.

    A zero-shot head is a linear one, too.
    """
    said = spec.tasks[task]
    if model is not None and (said.head is None or said.head.zero_shot is None):
        stored = read_model(said.expert, base, spec.model) if _exists(said.expert, base) else None
        if stored is not None:
            return load_head(task, spec, base, model, stored).module
    if said.data.generated is not None and "classes" in said.data.generated:
        n_classes = said.data.generated["classes"]
    else:
        one = spec.model_copy(update={"tasks": {task: said}})
        n_classes = (with_random_weights(one, base).tasks[task].data.generated or {})["classes"]
    return backbone.random_head(n_classes, torch.Generator().manual_seed(seed_of(task)))


def _exists(where: str, base: Path) -> bool:
    return where != RANDOM and (base / Path(where).expanduser()).exists()


def _examples(said: DataSpec, inputs: InputFormat, n: int) -> Examples:
    """Return n examples of the form of a task's data."""
    stored = inputs.stored(_raw(said, inputs))
    longest = _longest_first(stored)
    tensors = {name: torch.from_numpy(np.resize(rows[longest], (n, *rows.shape[1:]))) for name, rows in stored.items()}
    held: Any = tensors[""] if list(tensors) == [""] else tensors
    return Examples(held, torch.zeros(n, dtype=torch.long))


def _raw(said: DataSpec, inputs: InputFormat) -> list[Any]:
    """Return an example, or texts, as the format takes them."""
    if inputs.kind == "text" and said.generated is None:
        if not isinstance(inputs, TextFormat):
            raise ConfigError("how long texts are is known of a TextFormat only; name another suite")
        return [("word " * inputs.max_length,) * said.n_texts]
    sizes = {"train": GENERATED if inputs.kind == "text" else 1, "classes": 2}
    split = GeneratedData(sizes, inputs.kind, n_classes=2, n_texts=said.n_texts, seed=said.split_seed).open(
        "train", None
    )
    positions = np.arange(sizes["train"])
    return [raw if isinstance(raw, tuple) else raw.content for raw in split.read(positions)]


def _longest_first(stored: Mapping[str, NDArray[np.generic]]) -> NDArray[np.int64]:
    """Return the position of the row that is padded least, (1,); the first of rows without a mask."""
    mask = stored.get("attention_mask")
    return np.array([0 if mask is None else int(np.argmax(mask.astype(np.int64).sum(axis=1)))])
