"""How far a linear probe of a pre-trained model gets: what it knows of a task before any expert is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .classification import ClassificationProblem
from .logistic_regression import logistic_regression

PASS = 25
"""Examples of one forward pass."""


def probe_accuracy(problem: ClassificationProblem, t: int, split: str, pooled: Callable[[Any], Tensor]) -> float:
    """Return the accuracy of a logistic regression on the pre-trained model's features, fitted on the train split.

    Features are scaled to mean 0 and variance 1 on the train split.

    Args:
        problem: with the pre-trained model.
        t: the task.
        split: the split that is asked for.
        pooled: function from what heads read of n examples to features (n, d).
    """
    train, test = (_features(problem, t, name, pooled) for name in ("train", split))
    labels, answers = (problem.examples(t, name).labels for name in ("train", split))
    mean, spread = train.mean(dim=0), train.std(dim=0) + 1e-6
    fitted = logistic_regression((train - mean) / spread, labels, int(labels.max()) + 1)
    logits = (test - mean) / spread @ fitted["weight"].T + fitted["bias"]
    return float((logits.argmax(dim=1) == answers).double().mean())


@torch.no_grad()
def _features(problem: ClassificationProblem, t: int, split: str, pooled: Callable[[Any], Tensor]) -> Tensor:
    examples = problem.examples(t, split)
    parts = (examples.between(first, first + PASS) for first in range(0, len(examples), PASS))
    return torch.cat([pooled(problem.features(problem.pretrained, problem.as_batch(part))) for part in parts])
