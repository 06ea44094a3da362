"""Problems whose tasks are classifications sharing one encoder, each with a frozen head of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from ..errors import ConfigError, UnknownNameError
from .problem import Batch, Budget, Objectives, Params, Problem
from .segments import forward_by_segment

EVALUATION_BATCH = 500


@dataclass(frozen=True)
class Examples:
    """Inputs (n, ...) and labels (n,) of one split of one task, resident on the device."""

    inputs: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: Tensor) -> Examples:
        """The examples at `index`."""
        index = index.to(self.labels.device)
        return Examples(self.inputs[index], self.labels[index])

    def stream(self, batch_size: int, generator: torch.Generator) -> Iterator[Examples]:
        """Endless mini-batches; every example comes once before any comes again."""
        order = torch.empty(0, dtype=torch.long)
        while True:
            while len(order) < batch_size:
                order = torch.cat([order, torch.randperm(len(self), generator=generator)])
            yield self.take(order[:batch_size])
            order = order[batch_size:]


class ClassificationProblem(Problem):
    """T classification tasks on one encoder; objective t is the error rate of task t.

    Args:
        data: for every task, split name -> examples.
        heads: for every task, a frozen module from features (n, d) to logits (n, classes).
        to_input: from stored inputs (uint8 images, say) to what the encoder takes.
        others: see `Problem`.
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
        super().__init__(name=name, tasks=tasks, model=model, pretrained=pretrained, experts=experts, budget=budget)
        self.data = tuple(data)
        self.heads = tuple(head.requires_grad_(False) for head in heads)
        self.to_input = to_input
        for task, splits in zip(self.tasks, self.data, strict=True):
            for split, examples in splits.items():
                if len(examples) == 0:
                    raise ConfigError(f"the split {split!r} of task {task!r} is empty; expected one example or more")

    def losses(self, params: Params, batch: Batch) -> Tensor:
        """(T,) mean cross-entropies; the T mini-batches go through the encoder as one."""
        features = self.forward(params, self.to_input(torch.cat([part.inputs for part in batch])))
        return self._cross_entropies(torch.split(features, [len(part) for part in batch]), batch)

    def task_loss(self, t: int, params: Params, batch: Batch) -> Tensor:
        """Scalar mean cross-entropy of task `t`."""
        examples: Examples = batch[t]
        return F.cross_entropy(self.heads[t](self.forward(params, self.to_input(examples.inputs))), examples.labels)

    def losses_by_model(self, models: Sequence[Params], batch: Batch) -> Tensor:
        """(T,) losses of T models in one forward pass; only modules whose weights differ run task by task."""
        sizes = [len(part) for part in batch]
        inputs = self.to_input(torch.cat([part.inputs for part in batch]))
        features = forward_by_segment(self.model, models, inputs, sizes)
        return self._cross_entropies(torch.split(features, sizes), batch)

    def log_probabilities(self, t: int, params: Params, batch: Batch) -> Tensor:
        """(n, classes)."""
        return F.log_softmax(self.heads[t](self.forward(params, self.to_input(batch[t].inputs))), dim=1)

    def n_examples(self, split: str) -> tuple[int, ...]:
        """(T,)."""
        return tuple(len(self._split(t, split)) for t in range(self.n_tasks))

    def batches(self, split: str, batch_size: int, generator: torch.Generator) -> Iterator[Batch]:
        """Endless tuples of T mini-batches."""
        return zip(*(self._split(t, split).stream(batch_size, generator) for t in range(self.n_tasks)), strict=True)

    @torch.no_grad()
    def evaluate(self, params: Params, split: str) -> Objectives:
        """Error rate and mean cross-entropy of every task over the whole split."""
        errors, losses = [], []
        for t in range(self.n_tasks):
            examples = self._split(t, split)
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

    def _split(self, t: int, split: str) -> Examples:
        if split not in self.data[t]:
            raise UnknownNameError("split", split, self.data[t])
        return self.data[t][split]
