"""The suite `text-mini`: five real text classifications and one small GPT-2, all shipped with Frontrunner."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from ...file_digest import module_files
from ..backbones import random_heads
from ..backbones.transformers_models import (
    padding_side,
    transformers_backbone,
    transformers_classifier,
    transformers_head,
)
from ..datasets import text_format
from ..datasets.input_format import InputFormat
from ..datasets.text_format import MASK
from ..examples import Examples
from ..fine_tuned_problem import ExpertRecipe, fine_tuned_problem
from ..fine_tuning import FineTuning
from ..library_model import LibraryModel
from ..problem import Budget, Problem
from ..progress import Progress
from ..shipped_data.provenance import SHIPPED_WEIGHTS
from ..suite import Suite
from ..weight_files.read_weights import read_weights
from . import gpt2
from .gpt2 import gpt2_backbone, load_gpt2
from .texts import load_task, manifest

EXPERT = FineTuning(steps=300, batch_size=64, peak_lr=1e-3, weight_decay=0.1)
"""The recipe of an expert and its head, strong on purpose, so that tasks conflict."""
CODE = module_files(
    gpt2,
    padding_side,
    random_heads,
    text_format,
    transformers_backbone,
    transformers_classifier,
    transformers_head,
)
"""The suite's own files of code that decide an expert."""


class TextMini(Suite):
    """Poses up to five text classifications to a small GPT-2; objective t is the error rate on task t, minimised.

    The set-up is that of the paper's language half (arXiv 2406.09770) in miniature: every expert is the whole model
    fine-tuned on one task with a head of its own, which is drawn at random, trained with its expert, then frozen and
    never merged. The pre-trained model has no head of its own, so with an expert's it is near chance.
    """

    name: ClassVar[str] = "text-mini"
    version: ClassVar[str] = "1"
    tasks: ClassVar[tuple[str, ...]] = tuple(manifest())
    cpu_threads: ClassVar[int | None] = 1
    imports: ClassVar[tuple[str, ...]] = ("transformers",)
    budget: ClassVar[Budget] = Budget(steps=400, batch_size=16, lr=1e-3)
    expert_examples: ClassVar[int | None] = EXPERT.steps * EXPERT.batch_size

    def architecture(self, tasks: tuple[str, ...]) -> nn.Module:
        """Return GPT-2 without values."""
        return gpt2_backbone().build()

    def library_model(self) -> LibraryModel:
        """Return the GPT-2 as transformers holds it, with its tokenizer."""
        return LibraryModel("transformers", gpt2_backbone(), read_weights(gpt2.FOLDER))

    def class_names(self, task: str) -> tuple[str, ...]:
        """Return the classes of the task's texts."""
        return load_task(task).classes

    def licences(self, tasks: tuple[str, ...]) -> Mapping[str, str | None]:
        """Return what is known of the shipped model and texts."""
        texts = {f"texts {task}": manifest()[task].get("licence") for task in tasks}
        return {"pre-trained model": SHIPPED_WEIGHTS, **texts}

    def prepare(self, tasks: tuple[str, ...], *, device: torch.device, seed: int, progress: Progress) -> Problem:
        """Load texts and weights, and read or fine-tune the experts with their heads."""
        loaded = load_gpt2(device)
        shipped = [load_task(task) for task in tasks]
        inputs = loaded.backbone.inputs
        recipe = ExpertRecipe(
            suite=self.name,
            version=self.version,
            fine_tuning=EXPERT,
            code=CODE,
            versions={"transformers": importlib.metadata.version("transformers")},
            seed=seed,
            trains_heads=True,
        )
        return fine_tuned_problem(
            recipe,
            tasks,
            model=loaded.encoder,
            pretrained=loaded.pretrained,
            data=[_encoded(inputs, task.splits, device) for task in shipped],
            heads=[
                loaded.backbone.random_head(len(task.classes), torch.Generator().manual_seed(seed)).to(device)
                for task in shipped
            ],
            to_input=inputs.to_input,
            run=loaded.backbone.run,
            trim=inputs.trim,
            join=inputs.join,
            budget=self.budget,
            progress=progress,
        )


def _encoded(
    inputs: InputFormat, splits: Mapping[str, tuple[Sequence[str], Tensor]], device: torch.device
) -> dict[str, Examples]:
    """Return texts as token numbers, the shortest first: evaluation takes them in order, padded to the longest."""
    found = {}
    for split, (texts, labels) in splits.items():
        stored = inputs.stored(texts)
        order = np.argsort(stored[MASK].sum(axis=1), kind="stable")
        rows = {name: torch.from_numpy(array[order]).to(device) for name, array in stored.items()}
        found[split] = Examples(rows, labels[torch.from_numpy(order)].to(device))
    return found
