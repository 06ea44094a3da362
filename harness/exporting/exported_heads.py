"""The frozen heads of a run's tasks, beside an exported model that has none of them or one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from torch import nn

from ...tasks import ClassificationProblem, Problem, Suite
from ...tasks.backbones.backbone import Head
from ...tasks.backbones.clip.zero_shot import ZeroShotHead
from ...tasks.weight_files.separate import separate
from ...tasks.weight_files.written_tensors import write_tensors

HEADS = "heads"
"""The folder of heads: a file of safetensors a task, called after it. Its metadata say `kind` and `classes`."""
LINEAR, NORMALISED = "linear", "linear on L2-normalised features"
"""Kinds of heads whose file is all there is to know: `weight` (classes, d) and perhaps `bias` (classes,)."""


def heads_of(problem: Problem, suite: Suite) -> dict[str, Head]:
    """Return the head of every task with the names of its classes; none where a problem has no heads."""
    if not isinstance(problem, ClassificationProblem):
        return {}
    named = zip(problem.tasks, problem.heads, strict=True)
    return {task: Head(module, suite.class_names(task)) for task, module in named}


def kind_of(head: nn.Module) -> str:
    """Return what a head computes: `LINEAR`, `NORMALISED`, or the name of its class."""
    if isinstance(head, ZeroShotHead):
        return NORMALISED
    return LINEAR if type(head) is nn.Linear else type(head).__name__


def write_heads(heads: Mapping[str, Head], folder: Path) -> None:
    """Write every head to a file of its own below a folder."""
    if not heads:
        return
    (folder / HEADS).mkdir()
    for task, head in heads.items():
        metadata = {"kind": kind_of(head.module)}
        if head.classes is not None:
            metadata["classes"] = json.dumps(list(head.classes))
        write_tensors(separate(head.module.state_dict()), folder / HEADS / f"{task}.safetensors", metadata)
