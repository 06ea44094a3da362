"""Put the problem of a suite file together from its parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ...errors import ConfigError
from ..classification import ClassificationProblem
from .finite_weights import require_finite
from .loaded_model import LoadedModel, wanted_type
from .loaded_task import LoadedTask
from .reading import field

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
        DataError: a file holds NaN or infinity; the message names its field.
    """
    try:
        return _put_together(suite, model, loaded, device)
    except ConfigError:
        _require_finite_models(suite, model, loaded)  # where that is why, the message names the file
        raise


def _put_together(
    suite: type[FileSuite], model: LoadedModel, loaded: Mapping[str, LoadedTask], device: torch.device
) -> ClassificationProblem:
    backbone = model.backbone
    return ClassificationProblem(
        name=suite.name,
        tasks=tuple(loaded),
        model=model.encoder,
        pretrained=_on(model.pretrained, device),
        experts=[_on(one.expert, device) for one in loaded.values()],
        budget=suite.budget,
        data=[one.data.splits for one in loaded.values()],
        heads=[one.head.module.to(device, wanted_type(suite.spec.dtype)) for one in loaded.values()],
        to_input=backbone.inputs.to_input,
        run=backbone.run,
        trim=backbone.inputs.trim,
        join=backbone.inputs.join,
    )


def _require_finite_models(suite: type[FileSuite], model: LoadedModel, loaded: Mapping[str, LoadedTask]) -> None:
    """Refuse a pre-trained model or an expert that holds NaN or infinity, by its field."""
    with field("pretrained"):
        require_finite(model.pretrained, suite.spec.pretrained, model.encoder)
    for task, one in loaded.items():
        with field(f"tasks.{task}.expert"):
            require_finite(one.expert, suite.spec.tasks[task].expert, model.encoder)


def _on(params: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """Return weights on a device; on the CPU they stay mapped from their file."""
    return {name: tensor.to(device) for name, tensor in params.items()}
