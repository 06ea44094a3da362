"""Experts of a suite file: the pre-trained model fine-tuned in full on one task, together with a new head."""

from __future__ import annotations

from pathlib import Path

import torch

from ..backbones.backbone import Head
from ..classification import ClassificationProblem
from ..datasets.read_data import read_task_data
from ..expert_training import head_of, train_expert, without_head
from ..problem import Budget
from ..progress import Progress
from ..suite_file.loaded_model import load_model
from .recipes import RealTextRecipe


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

    trained = train_expert(problem, recipe.fine_tuning, generator, trains_head=True, progress=progress)
    head.load_state_dict(head_of(trained))
    assert model.stored is not None  # no recipe starts from random weights
    backbone.export(without_head(trained), Head(head, data.classes), model.stored, folder)
