"""Problems whose tasks are classifications by one encoder, each with a frozen head of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from .examples import ExampleProblem, Examples
from .problem import Batch, Budget, Objectives, Params
from .segments import SegmentedModel

EVALUATION_BATCH = 500
"""Examples of one forward pass in evaluation."""


class ClassificationProblem(ExampleProblem):
    """Poses T classification tasks to one encoder; objective t is the error rate of task t, minimised.

    Arguments that are not described here are those of `Problem`.

    Args:
        data: for every task, split name -> examples.
        heads: for every task, a frozen module from features (n, d) to logits (n, classes).
        to_input: function from stored inputs, such as uint8 images, to what the encoder takes.
    """

    def __init__(
        self,
        *,
        name: str,
        tasks: Sequence[str],
        model: nn.Module,
        pretrained: Params,
        experts: Sequence[Params],
        budget: Budget,
        data: Sequence[Mapping[str, Examples]],
        heads: Sequence[nn.Module],
        to_input: Callable[[Tensor], Tensor] = lambda inputs: inputs,
    ) -> None:
        super().__init__(
            name=name, tasks=tasks, model=model, pretrained=pretrained, experts=experts, budget=budget, data=data
        )
        self.heads = tuple(head.requires_grad_(False) for head in heads)
        self.to_input = to_input
        self._segmented = SegmentedModel(self.model)

    def losses(self, params: Params, batch: Batch) -> Tensor:
        """Return the mean cross-entropies (T,); the T mini-batches go through the encoder as one."""
        features = self.forward(params, self.to_input(torch.cat([part.inputs for part in batch])))
        return self._cross_entropies(torch.split(features, [len(part) for part in batch]), batch)

    def task_loss(self, t: int, params: Params, batch: Batch) -> Tensor:
        """Return the mean cross-entropy of task `t`, a scalar."""
        examples: Examples = batch[t]
        return F.cross_entropy(self.heads[t](self.forward(params, self.to_input(examples.inputs))), examples.labels)

    def losses_by_model(self, models: Sequence[Params], batch: Batch) -> Tensor:
        """Return the losses (T,) of T models in one forward pass; modules whose weights differ run task by task."""
        sizes = [len(part) for part in batch]
        inputs = self.to_input(torch.cat([part.inputs for part in batch]))
        features = self._segmented(models, inputs, sizes)
        return self._cross_entropies(torch.split(features, sizes), batch)

    def log_probabilities(self, t: int, params: Params, batch: Batch) -> Tensor:
        """Return log-probabilities (n, classes) of task `t`, differentiable in `params`."""
        return F.log_softmax(self.heads[t](self.forward(params, self.to_input(batch[t].inputs))), dim=1)

    @torch.no_grad()
    def evaluate(self, params: Params, split: str) -> Objectives:
        """Return the error rate and mean cross-entropy of every task over the whole split."""
        errors, losses = [], []
        for t in range(self.n_tasks):
            examples = self.examples(t, split)
            wrong, loss = 0, 0.0
            for start in range(0, len(examples), EVALUATION_BATCH):
                inputs = self.to_input(examples.inputs[start : start + EVALUATION_BATCH])
                labels = examples.labels[start : start + EVALUATION_BATCH]
                logits = self.heads[t](self.forward(params, inputs))
                wrong += int((logits.argmax(dim=1) != labels).sum())
                loss += float(F.cross_entropy(logits, labels, reduction="sum"))
            errors.append(wrong / len(examples))
            losses.append(loss / len(examples))
        return Objectives(np.array(errors), np.array(losses))

    def _cross_entropies(self, features: Sequence[Tensor], batch: Batch) -> Tensor:
        return torch.stack(
            [
                F.cross_entropy(head(part), examples.labels)
                for head, part, examples in zip(self.heads, features, batch, strict=True)
            ]
        )
