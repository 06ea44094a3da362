"""Problems whose experts are fine-tuned here, one task at a time, and kept in the cache of experts."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..file_digest import digest_files, module_files
from . import (
    classification,
    device_copies,
    examples,
    expert_training,
    fine_tuning,
    problem,
    recomputation,
    stored_inputs,
)
from .classification import ClassificationProblem
from .examples import Examples
from .expert_cache import MadeElsewhere, cached
from .expert_training import head_of, train_expert, without_head
from .fine_tuning import FineTuning
from .problem import Budget, Params
from .progress import Progress
from .stored_inputs import named_tensors
from .weight_files.weight_digest import digest_weights

CODE = (
    Path(__file__),
    *module_files(
        classification, device_copies, examples, expert_training, fine_tuning, problem, recomputation, stored_inputs
    ),
)
"""The files of code that train the experts of every suite; their digest is part of the cache's key."""


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
    """The suite's own files of code that decide an expert, such as its model; in the cache's key beside `CODE`."""
    versions: Mapping[str, str]
    """Versions of the libraries that hold the model's code, beside torch's."""
    seed: int
    """Decides the order of examples, and how they are augmented."""
    trains_heads: bool = False
    """Whether a task's head is trained with its expert, from the values it has."""


def fine_tuned_problem(
    recipe: ExpertRecipe,
    tasks: Sequence[str],
    *,
    pretrained: Params,
    data: Sequence[Mapping[str, Examples]],
    heads: Sequence[nn.Module],
    budget: Budget,
    progress: Progress,
    **encoder: Any,
) -> ClassificationProblem:
    """Pose a problem with experts from the cache, or fine-tuned now.

    An expert does not depend on which other tasks are asked for. Arguments are those of `ClassificationProblem`.

    Args:
        recipe: how experts are made.
        progress: told the steps that are done.
        encoder: the model, how it is called, and how examples to train on are augmented.
    """

    def posed(
        chosen: Sequence[int], experts: Sequence[Params], frozen: Sequence[nn.Module], recommended: Budget
    ) -> ClassificationProblem:
        return ClassificationProblem(
            name=recipe.suite,
            tasks=[tasks[t] for t in chosen],
            pretrained=pretrained,
            experts=experts,
            budget=recommended,
            data=[data[t] for t in chosen],
            heads=frozen,
            **encoder,
        )

    made = _experts([posed([t], [pretrained], [head], Budget(0, 0)) for t, head in enumerate(heads)], recipe, progress)
    return posed(range(len(tasks)), [expert for expert, _ in made], [head for _, head in made], budget)


def _experts(
    singles: Sequence[ClassificationProblem], recipe: ExpertRecipe, progress: Progress
) -> list[tuple[Params, nn.Module]]:
    """Return the experts of one-task problems and their heads; several processes that want the same share the work.

    What another process is making is left for later, when it is likely to be there.
    """
    made: dict[int, tuple[Params, nn.Module]] = {}
    for wait in (False, True):
        for t, single in enumerate(singles):
            if t not in made:
                with contextlib.suppress(MadeElsewhere):
                    made[t] = _expert(single, recipe, progress, wait=wait)
    return [made[t] for t in range(len(singles))]


def _expert(
    single: ClassificationProblem, recipe: ExpertRecipe, progress: Progress, *, wait: bool
) -> tuple[Params, nn.Module]:
    """Return the expert of a one-task problem and its head, from the cache or fine-tuned now.

    The cache's key is all that decides them.

    Raises:
        MadeElsewhere: another process is making it, and `wait` is False.
    """
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
        "code": digest_files(*CODE, *recipe.code),
        "torch": torch.__version__,
        **recipe.versions,
        "device": single.device.type,
    }
    if single.augment is not None:
        key["augment"] = f"{single.augment.__module__}.{single.augment.__qualname__}"
    if recipe.trains_heads:
        key["trained"] = "expert and head"

    def make() -> Params:
        generator = torch.Generator().manual_seed(recipe.seed)
        return train_expert(single, fine_tuning, generator, trains_head=recipe.trains_heads, progress=progress)

    found = cached(key, make, single.device, wait=wait)
    if recipe.trains_heads:
        head = copy.deepcopy(head)
        head.load_state_dict(head_of(found))
    return without_head(found), head
