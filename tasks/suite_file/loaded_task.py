"""One task of a suite file: its expert, its head and its data, read and held against each other."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ...errors import ConfigError
from ..backbones.backbone import Head
from ..backbones.last_layer import classes_in
from ..datasets.classes.class_list import given_classes
from ..datasets.classes.name_list import listed_names
from ..datasets.read_data import read_task_data
from ..datasets.task_data import TaskData
from ..datasets.text_format import TextFormat
from ..progress import Progress
from ..weight_files.stored_weights import StoredWeights
from .finite_weights import require_finite
from .loaded_model import LoadedModel, in_type, require_same_types
from .locations import read_head_file, read_model
from .random_models import random_expert, seed_of
from .reading import field
from .schema import SuiteFile, TaskSpec, ZeroShotSpec


@dataclass(frozen=True)
class LoadedTask:
    """One task, ready for a problem."""

    expert: dict[str, Tensor]
    """The expert's weights by the encoder's names, on the CPU."""
    head: Head
    data: TaskData


def load_task(task: str, spec: SuiteFile, base: Path, model: LoadedModel, progress: Progress) -> LoadedTask:
    """Read a task of a suite file.

    Args:
        task: one of the file's.
        spec: what the file says.
        base: its folder.
        model: the pre-trained model.
        progress: told how reading goes.

    Raises:
        FrontrunnerError: a file is missing, or what it holds does not fit; the message names the field.
    """
    said = spec.tasks[task]
    with field(f"tasks.{task}.expert"):
        stored = read_model(said.expert, base, spec.model)
        expert = load_expert(task, stored, spec, model)
    return LoadedTask(expert, *load_head_and_data(task, spec, base, model, stored, progress))


def load_expert(task: str, stored: StoredWeights | None, spec: SuiteFile, model: LoadedModel) -> dict[str, Tensor]:
    """Return an expert's weights by the encoder's names, of the pre-trained weights' types.

    Args:
        task: the expert's.
        stored: the expert's file; None where its weights are random.
        spec: what the suite file says.
        model: the pre-trained model.

    Raises:
        DataError: a layer is missing, or something does not fit.
    """
    if stored is None:
        return random_expert(model.encoder, model.pretrained, task)
    weights = model.backbone.encoder_weights(stored, base=model.pretrained)
    expert = in_type(weights, spec.dtype)
    require_same_types(expert, model.pretrained, stored.source)
    return expert


def load_head_and_data(
    task: str, spec: SuiteFile, base: Path, model: LoadedModel, expert: StoredWeights | None, progress: Progress
) -> tuple[Head, TaskData]:
    """Return a task's head and its data, whose labels are the head's classes.

    Raises:
        FrontrunnerError: one of them cannot be read, or they do not fit each other; the message names the field.
    """
    said = spec.tasks[task]
    zero_shot = None if said.head is None else said.head.zero_shot
    if zero_shot is not None:
        data = _read_data(task, said, base, model, _prompt_classes(task, zero_shot, base), progress)
        return _zero_shot_head(task, zero_shot, base, model, data), data
    with field(f"tasks.{task}.head"):
        head = load_head(task, spec, base, model, expert)
        require_finite(head.module.state_dict(), "the head", head.module)
    # A head without names still says how many classes there are.
    classes = head.classes or tuple(f"LABEL_{k}" for k in range(classes_in(head.module)))
    return head, _read_data(task, said, base, model, classes, progress)


def load_head(task: str, spec: SuiteFile, base: Path, model: LoadedModel, expert: StoredWeights | None) -> Head:
    """Return the head that an expert's file holds, or that a file of its own does, or a random one.

    Raises:
        DataError: there is none, or it is not clear which.
    """
    said = spec.tasks[task]
    if said.head is not None and said.head.file is not None:
        return model.backbone.head(read_head_file(said.head.file, base))
    if expert is None:
        return _random_head(task, said, base, model)
    return model.backbone.head(expert, None if said.head is None else said.head.own)


def _read_data(
    task: str, said: TaskSpec, base: Path, model: LoadedModel, classes: Sequence[str] | None, progress: Progress
) -> TaskData:
    inputs = model.backbone.inputs
    if said.data.separator is not None:
        if not isinstance(inputs, TextFormat):
            raise ConfigError(f"tasks.{task}.data.separator joins texts, but the model takes images; remove it")
        inputs = dataclasses.replace(inputs, separator=said.data.separator)
    return read_task_data(task, said.data, inputs, base=base, canonical=classes, progress=progress)


def _random_head(task: str, said: TaskSpec, base: Path, model: LoadedModel) -> Head:
    """Return a head that was never trained, for as many classes as the data have."""
    listed = given_classes(said.data, base)
    n_classes = len(listed) if listed is not None else (said.data.generated or {}).get("classes")
    if n_classes is None:
        raise ConfigError("a random head needs to know how many classes there are; list them as `classes` of the data")
    return Head(model.backbone.random_head(n_classes, torch.Generator().manual_seed(seed_of(task))), None)


def _prompt_classes(task: str, zero_shot: ZeroShotSpec, base: Path) -> tuple[str, ...] | None:
    """Return the names that prompts are made of, None where they are the data's."""
    with field(f"tasks.{task}.head.zero_shot.classes"):
        return None if zero_shot.classes is None else listed_names(zero_shot.classes, base)


def _zero_shot_head(task: str, zero_shot: ZeroShotSpec, base: Path, model: LoadedModel, data: TaskData) -> Head:
    """Return the head that the text tower makes of a task's prompts."""
    names = _prompt_classes(task, zero_shot, base) or data.classes
    with field(f"tasks.{task}.head.zero_shot.templates"):
        templates = listed_names(zero_shot.templates, base)
    with field(f"tasks.{task}.head.zero_shot"):
        if model.stored is None:
            raise ConfigError("random weights have no text tower that could make a head; leave the head out")
        return Head(model.backbone.zero_shot_head(model.stored, names, templates), data.classes)
