"""Experts of a suite file: the pre-trained model fine-tuned in full on one task, together with a new head."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

from ..backbones.backbone import Head
from ..classification import ClassificationProblem
from ..datasets.read_data import read_task_data
from ..fine_tuning import fine_tune
from ..head_checks import logits_in
from ..problem import Batch, Budget
from ..progress import Progress
from ..suite_file.loaded_model import load_model
from ..threads import cpu_threads
from .recipes import RealTextRecipe

HEAD = "head."
"""Goes before the names of a head's weights while they are trained beside the encoder's."""


def write_expert(task: str, recipe: RealTextRecipe, base: Path, folder: Path, progress: Progress) -> None:
    """Fine-tune the expert of a task and write it, with its head, as transformers writes its classifiers.

    One thread, so that the same machine gives the same bits.

    Args:
        task: one of the suite's.
        recipe: how experts are made.
        base: the folder of the suite, with pre-trained weights and data.
        folder: where the expert goes.
        progress: told the steps that are done.

    Raises:
        DivergenceError: training ran into NaN or infinity.
    """
    spec, generator = recipe.suite, torch.Generator().manual_seed(recipe.seed)
    model = load_model(spec, base)
    backbone, inputs = model.backbone, model.backbone.inputs
    data = read_task_data(task, spec.tasks[task].data, inputs, base=base, progress=progress)
    head = backbone.random_head(len(data.classes), generator)
    problem = ClassificationProblem(
        name=spec.name,
        tasks=[task],
        model=model.encoder,
        pretrained=model.pretrained,
        experts=[model.pretrained],
        budget=Budget(0, 0),
        data=[data.splits],
        heads=[head],
        to_input=inputs.to_input,
        run=backbone.run,
        trim=inputs.trim,
        join=inputs.join,
    )

    def loss(weights: Mapping[str, Tensor], batch: Batch) -> Tensor:
        encoder = {name: tensor for name, tensor in weights.items() if not name.startswith(HEAD)}
        own = {name.removeprefix(HEAD): tensor for name, tensor in weights.items() if name.startswith(HEAD)}
        features = problem.forward(encoder, problem.to_input(batch[0].inputs))
        logits = logits_in(torch.func.functional_call(head, own, (features,)))
        return F.cross_entropy(logits, batch[0].labels)

    start = {**model.pretrained, **{HEAD + name: tensor for name, tensor in head.state_dict().items()}}
    with cpu_threads(1):
        tuned = fine_tune(
            start,
            start,
            loss,
            problem.batches("train", recipe.fine_tuning.batch_size, generator),
            recipe.fine_tuning,
            activity=f"expert {task}",
            progress=progress,
        )
    head.load_state_dict({name.removeprefix(HEAD): tensor for name, tensor in tuned.items() if name.startswith(HEAD)})
    expert = {name: tuned[name] for name in model.pretrained}
    assert model.stored is not None  # no recipe starts from random weights
    backbone.export(expert, Head(head, data.classes), model.stored, folder)
