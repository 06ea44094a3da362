"""Problems whose experts are fine-tuned here, one task at a time, and kept in the cache of experts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..file_digest import digest_files
from .classification import ClassificationProblem
from .examples import Examples
from .expert_cache import cached
from .fine_tuning import FineTuning, fine_tune
from .problem import Budget, Params
from .progress import Progress
from .stored_inputs import named_tensors
from .threads import cpu_threads
from .weight_files.weight_digest import digest_weights


@dataclass(frozen=True)
class ExpertRecipe:
    """What decides an expert besides its task's data, the pre-trained model and the head."""

    suite: str
    """The suite's name."""
    version: str
    """The suite's version."""
    fine_tuning: FineTuning
    """How an expert is fine-tuned."""
    code: Sequence[Path]
    """The files of code that train an expert; their digest is part of the cache's key."""
    versions: Mapping[str, str]
    """Versions of the libraries that hold the model's code, beside torch's."""
    seed: int
    """Decides the order of examples."""


def fine_tuned_problem(
    recipe: ExpertRecipe,
    tasks: Sequence[str],
    *,
    model: nn.Module,
    pretrained: Params,
    data: Sequence[Mapping[str, Examples]],
    heads: Sequence[nn.Module],
    to_input: Callable[[Tensor], Any],
    budget: Budget,
    progress: Progress,
) -> ClassificationProblem:
    """Pose a problem with experts from the cache, or fine-tuned now.

    An expert does not depend on which other tasks are asked for. Arguments are those of `ClassificationProblem`.

    Args:
        recipe: how experts are made.
        progress: told the steps that are done.
    """

    def posed(chosen: Sequence[int], experts: Sequence[Params], recommended: Budget) -> ClassificationProblem:
        return ClassificationProblem(
            name=recipe.suite,
            tasks=[tasks[t] for t in chosen],
            model=model,
            pretrained=pretrained,
            experts=experts,
            budget=recommended,
            data=[data[t] for t in chosen],
            heads=[heads[t] for t in chosen],
            to_input=to_input,
        )

    experts = [_expert(posed([t], [pretrained], Budget(0, 0)), recipe, progress) for t in range(len(tasks))]
    return posed(range(len(tasks)), experts, budget)


def _expert(single: ClassificationProblem, recipe: ExpertRecipe, progress: Progress) -> Params:
    """Return the expert of a one-task problem, from the cache or fine-tuned now, keyed by all that decides it."""
    (task,), (head,), (splits,) = single.tasks, single.heads, single.data
    train, fine_tuning = splits["train"], recipe.fine_tuning
    key = {
        "suite": recipe.suite,
        "version": recipe.version,
        "task": task,
        "seed": recipe.seed,
        "recipe": dataclasses.asdict(fine_tuning),
        "train": digest_weights({**dict(named_tensors("inputs", train.inputs)), "labels": train.labels}),
        "pretrained": digest_weights(single.pretrained),
        "head": digest_weights(head.state_dict()),
        "code": digest_files(*recipe.code),
        "torch": torch.__version__,
        **recipe.versions,
        "device": single.device.type,
    }

    def make() -> Params:
        generator = torch.Generator().manual_seed(recipe.seed)
        # Whoever asks first makes the entry, so its bits must not depend on how many threads they use.
        with cpu_threads(1):
            return fine_tune(
                single.pretrained,
                [name for name, _ in single.model.named_parameters()],
                lambda params, batch: single.task_loss(0, params, batch),
                single.batches("train", fine_tuning.batch_size, generator),
                fine_tuning,
                activity=f"expert {task}",
                progress=progress,
            )

    return cached(key, make, single.device)
