"""Pre-training of `sequence-mini`: one network and all heads on all tasks at once, kept in the cache of experts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from ...file_digest import digest_files, module_files
from .. import examples, fine_tuning
from ..examples import Examples
from ..expert_cache import cached
from ..fine_tuning import FineTuning, fine_tune
from ..problem import Batch, Params
from ..progress import Progress
from ..threads import cpu_threads
from ..vision_mini.images import Domain
from ..weight_files.weight_digest import digest_weights
from . import row_reader
from .row_reader import RowReader, to_input, untrained

SEED = 0
"""The one pre-trained model is the same for every seed of a cell, as one that ships would be."""
CODE = module_files(examples, fine_tuning, row_reader)


def pretrained(
    domains: Mapping[str, Domain], recipe: FineTuning, *, width: int, device: torch.device, progress: Progress
) -> tuple[RowReader, Params, dict[str, nn.Linear]]:
    """Return the architecture, its pre-trained weights, and the head of every task that was trained with it.

    Training is brief on purpose, on the split `pretrain`: accuracy must leave room for experts.

    Args:
        domains: the data of all tasks of the suite.
        recipe: of the joint training; the batch size is that of each task.
        width: units of every layer.
        device: where everything goes.
        progress: told the steps that are done.
    """
    model, heads = untrained({task: len(domain.classes) for task, domain in domains.items()}, SEED, width)
    model, start = model.to(device).eval(), {}
    for owner, module in (("model", model), *heads.items()):
        start.update({f"{owner}.{name}": tensor.to(device) for name, tensor in module.state_dict().items()})
    data = {task: domain.splits["pretrain"] for task, domain in domains.items()}
    key = {
        "suite": "sequence-mini",
        "stage": "pretraining",
        "recipe": dataclasses.asdict(recipe),
        "data": {task: digest_weights({"x": part.inputs, "y": part.labels}) for task, part in data.items()},  # type: ignore[dict-item] # images are tensors
        "start": digest_weights(start),
        "code": digest_files(*CODE),
        "torch": torch.__version__,
        "device": device.type,
    }
    found = cached(key, lambda: _train(model, start, data, recipe, progress), device)
    for task, head in heads.items():
        head.to(device).load_state_dict(_part_of(found, task))
    return model, _part_of(found, "model"), heads


def _train(
    model: RowReader, start: Params, data: Mapping[str, Examples], recipe: FineTuning, progress: Progress
) -> dict[str, Tensor]:
    """Minimise the sum of the tasks' cross-entropies over network and heads."""
    generator = torch.Generator().manual_seed(SEED)
    streams = [part.stream(recipe.batch_size, generator) for part in data.values()]

    def loss(params: Params, batch: Batch) -> Tensor:
        inputs = to_input(torch.cat([part.inputs for part in batch]))
        features = torch.func.functional_call(model, _part_of(params, "model"), (inputs,))
        losses = [
            F.cross_entropy(F.linear(own, params[f"{task}.weight"], params[f"{task}.bias"]), part.labels)
            for task, own, part in zip(data, features.split(recipe.batch_size), batch, strict=True)
        ]
        return torch.stack(losses).sum()

    with cpu_threads(1):  # the same weights however many cores there are
        batches = zip(*streams, strict=True)
        return fine_tune(start, list(start), loss, batches, recipe, activity="pre-training", progress=progress)


def _part_of(params: Params, owner: str) -> dict[str, Tensor]:
    """Return the weights of the network or of one head, by their own names."""
    prefix = f"{owner}."
    return {name.removeprefix(prefix): tensor for name, tensor in params.items() if name.startswith(prefix)}
