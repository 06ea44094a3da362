"""The suite `sequence-mini`: five of vision-mini's image domains, read row by row by a small LSTM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import nn

from ...file_digest import module_files
from ..fine_tuned_problem import ExpertRecipe, fine_tuned_problem
from ..fine_tuning import FineTuning
from ..problem import Budget, Problem
from ..progress import Progress
from ..suite import Suite
from ..vision_mini.images import load_domain, manifest
from . import row_reader
from .pretraining import pretrained
from .row_reader import WIDTH, RowReader, to_input

PRETRAINING = FineTuning(steps=100, batch_size=32, peak_lr=2e-3, weight_decay=0.05)
"""The recipe of the joint pre-training, 32 examples of every task a step."""
EXPERT = FineTuning(steps=400, batch_size=32, peak_lr=2e-3, weight_decay=0.1)
"""The recipe of an expert, strong on purpose, so that tasks conflict."""
CODE = module_files(row_reader)
"""The suite's own files of code that decide an expert."""


class SequenceMini(Suite):
    """Poses up to five image domains, row by row, to a small LSTM; objective t is the error rate on domain t.

    One network and a head a task are pre-trained briefly on all five domains at once; the heads are frozen then, and
    each expert is the network fine-tuned on one task. Nothing is downloaded: images are vision-mini's.
    """

    name: ClassVar[str] = "sequence-mini"
    version: ClassVar[str] = "1"
    tasks: ClassVar[tuple[str, ...]] = ("digits", "fashion", "animals", "optdigits", "glyphs")
    cpu_threads: ClassVar[int | None] = 1
    width: ClassVar[int] = WIDTH
    """Units of every layer; a subclass of another name may have another, and pre-trains its own network."""
    budget: ClassVar[Budget] = Budget(steps=400, batch_size=16, lr=1e-3)
    expert_examples: ClassVar[int | None] = EXPERT.steps * EXPERT.batch_size

    def architecture(self, tasks: tuple[str, ...]) -> nn.Module:
        """Return the network without values."""
        with torch.device("meta"):
            return RowReader(self.width).eval()

    def class_names(self, task: str) -> tuple[str, ...]:
        """Return the classes of the domain."""
        return tuple(manifest()[task]["classes"])

    def licences(self, tasks: tuple[str, ...]) -> Mapping[str, str | None]:
        """Return what is known of the images, on which the pre-trained network is made too."""
        return {f"images {task}": manifest()[task].get("licence") for task in self.tasks}

    def prepare(self, tasks: tuple[str, ...], *, device: torch.device, seed: int, progress: Progress) -> Problem:
        """Load images, and read or train the pre-trained network and the experts."""
        domains = {task: load_domain(task, device) for task in self.tasks}
        model, weights, heads = pretrained(domains, PRETRAINING, width=self.width, device=device, progress=progress)
        recipe = ExpertRecipe(
            suite=self.name, version=self.version, fine_tuning=EXPERT, code=CODE, versions={}, seed=seed
        )
        return fine_tuned_problem(
            recipe,
            tasks,
            model=model,
            pretrained=weights,
            data=[domains[task].splits for task in tasks],
            heads=[heads[task] for task in tasks],
            to_input=to_input,
            budget=self.budget,
            progress=progress,
        )
