"""Random weights and generated data in place of a suite file's own: its shapes, for memory and speed alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from ...errors import ConfigError
from ..datasets.classes.class_list import given_classes
from ..weight_files.cached_tensors import converted
from ..weight_files.weight_digest import digest_weights
from .schema import RANDOM, DataSpec, SuiteFile, TaskSpec

SUFFIX = "-random"
"""What the name of a suite with random weights ends with, so that its results are never taken for others."""
SIZES = {"train": 64, "val": 16, "test": 32}
"""Generated examples of a task."""
STEP = 0.1
"""How far an expert lies from the pre-trained model, relative to the spread of a weight's values."""
RECIPE = 1
"""Raised whenever random weights would be others."""


def with_random_weights(spec: SuiteFile, base: Path) -> SuiteFile:
    """Return a suite of the same shapes on generated data; its name says so.

    Raises:
        ConfigError: the file does not say how many classes a task has.
    """
    tasks = {task: _random_task(task, said, base) for task, said in spec.tasks.items()}
    summary = f"the shapes of {spec.name} with random weights on generated data, for memory and speed alone"
    changes = {"name": f"{spec.name}{SUFFIX}", "summary": summary, "pretrained": RANDOM, "tasks": tasks}
    return spec.model_copy(update=changes)


def random_weights(encoder: nn.Module) -> dict[str, Tensor]:
    """Return random weights and buffers for an encoder on the device meta, mapped from the cache.

    Matrices are normal with a variance of one over their inputs, scales and variances are 1, all else is 0.
    """
    names = {name for name, _ in encoder.named_parameters()}

    def make() -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(0)
        return {name: _drawn(name, like, name in names, generator) for name, like in encoder.state_dict().items()}

    return converted({"random": RECIPE, "shapes": _shapes(encoder)}, make)


def random_expert(encoder: nn.Module, pretrained: Mapping[str, Tensor], task: str) -> dict[str, Tensor]:
    """Return weights near the pre-trained ones, others for every task, mapped from the cache."""
    names = {name for name, _ in encoder.named_parameters()}

    def make() -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(seed_of(task))
        return {
            name: _moved(tensor, generator) if name in names else tensor.clone() for name, tensor in pretrained.items()
        }

    return converted({"random": RECIPE, "near": digest_weights(pretrained), "task": task}, make)


def seed_of(task: str) -> int:
    """Return the seed of what is random for a task."""
    return int.from_bytes(hashlib.sha256(task.encode()).digest()[:6], "big")


def _random_task(task: str, said: TaskSpec, base: Path) -> TaskSpec:
    prompts = None if said.head is None else said.head.zero_shot
    listed = given_classes(said.data, base)
    if listed is None and prompts is not None and prompts.classes is not None:
        listed = given_classes(said.data.model_copy(update={"classes": prompts.classes}), base)
    if listed is None:
        raise ConfigError(
            f"tasks.{task}.data: random weights need to know how many classes there are; list them as `classes`"
        )
    return TaskSpec(expert=RANDOM, data=DataSpec(generated={**SIZES, "classes": len(listed)}, text=said.data.text))


def _shapes(encoder: nn.Module) -> str:
    listed = "|".join(f"{name} {tuple(like.shape)} {like.dtype}" for name, like in encoder.state_dict().items())
    return hashlib.sha256(listed.encode()).hexdigest()


def _drawn(name: str, like: Tensor, is_parameter: bool, generator: torch.Generator) -> Tensor:
    value = torch.zeros(like.shape, dtype=like.dtype)
    if not like.is_floating_point():
        return value
    if is_parameter and like.ndim > 1:
        return value.normal_(0.0, max(1, like[0].numel()) ** -0.5, generator=generator)
    own = name.rpartition(".")[2]
    return value.fill_(1.0) if own in ("weight", "running_var") else value


def _moved(tensor: Tensor, generator: torch.Generator) -> Tensor:
    if not tensor.is_floating_point() or tensor.numel() == 0:
        return tensor.clone()
    spread = STEP * float(tensor.float().std(correction=0)) if tensor.ndim > 1 else STEP / 10
    return tensor + torch.empty(tensor.shape).normal_(0.0, 1.0, generator=generator).mul_(spread).to(tensor.dtype)
