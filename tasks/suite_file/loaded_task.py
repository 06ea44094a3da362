"""One task of a suite file: its expert, its head and its data, read and held against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from ..backbones.backbone import Head
from ..backbones.last_layer import classes_in
from ..datasets.read_data import read_task_data
from ..datasets.task_data import TaskData
from ..progress import Progress
from ..weight_files.stored_weights import StoredWeights
from .loaded_model import LoadedModel, in_type, require_same_types
from .locations import read_model
from .reading import field, listed_names
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
        expert = load_expert(stored, spec, model)
    return LoadedTask(expert, *load_head_and_data(task, spec, base, model, stored, progress))


def load_expert(stored: StoredWeights, spec: SuiteFile, model: LoadedModel) -> dict[str, Tensor]:
    """Return an expert's weights by the encoder's names, of the pre-trained weights' types.

    Raises:
        DataError: a layer is missing, or something does not fit.
    """
    weights = model.backbone.encoder_weights(stored, base=model.pretrained)
    expert = in_type(weights, spec.dtype, stored.digest)
    require_same_types(expert, model.pretrained, stored.source)
    return expert


def load_head_and_data(
    task: str, spec: SuiteFile, base: Path, model: LoadedModel, expert: StoredWeights, progress: Progress
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
        head = own_head(said, spec, base, model, expert)
    # A head without names still says how many classes there are.
    classes = head.classes or tuple(f"LABEL_{k}" for k in range(classes_in(head.module)))
    return head, _read_data(task, said, base, model, classes, progress)


def own_head(said: TaskSpec, spec: SuiteFile, base: Path, model: LoadedModel, expert: StoredWeights) -> Head:
    """Return the head that an expert's file holds, or that a file of its own does.

    Raises:
        DataError: there is none, or it is not clear which.
    """
    if said.head is not None and said.head.file is not None:
        return model.backbone.head(read_model(said.head.file, base, spec.model))
    return model.backbone.head(expert, None if said.head is None else said.head.own)


def _read_data(
    task: str, said: TaskSpec, base: Path, model: LoadedModel, classes: Sequence[str] | None, progress: Progress
) -> TaskData:
    return read_task_data(task, said.data, model.backbone.inputs, base=base, canonical=classes, progress=progress)


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
        return Head(model.backbone.zero_shot_head(model.stored, names, templates), data.classes)
