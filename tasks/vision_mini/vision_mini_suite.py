"""The suite `vision-mini`: eight real image domains at 32x32 and one small CLIP, all shipped with Frontrunner."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import nn

from ...file_digest import module_files
from ..backbones.clip import zero_shot
from ..fine_tuned_problem import ExpertRecipe, fine_tuned_problem
from ..fine_tuning import FineTuning
from ..library_model import LibraryModel
from ..problem import Budget, Problem
from ..progress import Progress
from ..shipped_data.provenance import SHIPPED_WEIGHTS
from ..suite import Suite
from . import clip, shifts
from .clip import TEMPLATES, build_clip, load_clip, to_input, zero_shot_head
from .exported_clip import exported_clip
from .images import load_domain, manifest
from .shifts import shifted

EXPERT = FineTuning(steps=1600, batch_size=32, peak_lr=1e-3, weight_decay=0.1)
"""The recipe of an expert, strong on purpose: at a peak of 3e-4 the tasks hardly conflict, and after 600 steps, or
without `shifted`, two of the experts are worse than 1-nearest-neighbour on raw pixels."""

CODE = module_files(clip, zero_shot, shifts)
"""The suite's own files of code that decide an expert."""


class VisionMini(Suite):
    """Poses up to eight real image domains to a small CLIP; objective t is the error rate on domain t, minimised.

    The set-up is that of the paper (arXiv 2406.09770, section 5.1) in miniature: the heads are frozen zero-shot
    heads of the text tower, each expert is the vision tower fine-tuned on one task. Images to train on are shifted
    at random, for experts and learners alike.
    """

    name: ClassVar[str] = "vision-mini"
    version: ClassVar[str] = "2"
    tasks: ClassVar[tuple[str, ...]] = tuple(TEMPLATES)
    cpu_threads: ClassVar[int | None] = 1
    imports: ClassVar[tuple[str, ...]] = ("open_clip",)
    budget: ClassVar[Budget] = Budget(steps=1600, batch_size=16, lr=5e-4)
    expert_examples: ClassVar[int | None] = EXPERT.steps * EXPERT.batch_size

    def architecture(self, tasks: tuple[str, ...]) -> nn.Module:
        """Return the vision tower without values."""
        with torch.device("meta"):
            tower: nn.Module = build_clip(vocabulary=1).visual
        return tower.eval()

    def library_model(self) -> LibraryModel:
        """Return the CLIP as open_clip holds it."""
        return exported_clip()

    def class_names(self, task: str) -> tuple[str, ...]:
        """Return the classes of the domain."""
        return tuple(manifest()[task]["classes"])

    def licences(self, tasks: tuple[str, ...]) -> Mapping[str, str | None]:
        """Return what is known of the shipped model and images."""
        images = {f"images {task}": manifest()[task].get("licence") for task in tasks}
        return {"pre-trained model": SHIPPED_WEIGHTS, **images}

    def prepare(self, tasks: tuple[str, ...], *, device: torch.device, seed: int, progress: Progress) -> Problem:
        """Load data and weights, make the heads, and read or fine-tune the experts."""
        model, tokenizer = load_clip(device)
        domains = [load_domain(task, device) for task in tasks]
        heads = [
            zero_shot_head(model, tokenizer, task, domain.classes) for task, domain in zip(tasks, domains, strict=True)
        ]
        pretrained = {name: tensor.clone() for name, tensor in model.visual.state_dict().items()}
        recipe = ExpertRecipe(
            suite=self.name,
            version=self.version,
            fine_tuning=EXPERT,
            code=CODE,
            versions={"open_clip": importlib.metadata.version("open_clip_torch")},
            seed=seed,
        )
        return fine_tuned_problem(
            recipe,
            tasks,
            model=model.visual,
            pretrained=pretrained,
            data=[domain.splits for domain in domains],
            heads=heads,
            augment=shifted,
            to_input=to_input,
            budget=self.budget,
            progress=progress,
        )
