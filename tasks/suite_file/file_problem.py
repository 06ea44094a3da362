"""Put the problem of a suite file together from its parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..classification import ClassificationProblem
from .loaded_model import LoadedModel
from .loaded_task import LoadedTask

if TYPE_CHECKING:
    from .file_suite import FileSuite


def make_problem(
    suite: type[FileSuite], model: LoadedModel, loaded: Mapping[str, LoadedTask], device: torch.device
) -> ClassificationProblem:
    """Return the problem of some tasks of a suite file.

    Args:
        suite: the file's.
        model: what all tasks share.
        loaded: the tasks in the order of objectives.
        device: where weights go; data stay mapped into the CPU's memory.

    Raises:
        ConfigError: parts do not fit together, or a model cannot be merged; see `ClassificationProblem`.
    """
    backbone = model.backbone
    return ClassificationProblem(
        name=suite.name,
        tasks=tuple(loaded),
        model=model.encoder,
        pretrained=_on(model.pretrained, device),
        experts=[_on(one.expert, device) for one in loaded.values()],
        budget=suite.spec_budget(),
        data=[one.data.splits for one in loaded.values()],
        heads=[one.head.module.to(device) for one in loaded.values()],
        to_input=backbone.inputs.to_input,
        run=backbone.run,
        trim=backbone.inputs.trim,
        join=backbone.inputs.join,
    )


def _on(params: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """Return weights on a device; on the CPU they stay mapped from their file."""
    return {name: tensor.to(device) for name, tensor in params.items()}
