"""Problems whose tasks are classifications by one encoder, each with a frozen head of its own."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from .example_checks import class_numbers
from .examples import ExampleProblem, Examples
from .head_checks import classes_of_head, require_head
from .loss_comparison import LossComparison, LossesOf
from .objectives import Objectives
from .one_a_task import one_a_task
from .precision import at_least_single, is_half
from .problem import Batch, Budget, Params
from .rows import map_tensors, split_rows
from .segments import SegmentedModel

EVALUATION_BATCH = 500
"""Examples of one forward pass in evaluation."""


class ClassificationProblem(ExampleProblem):
    """Poses T classification tasks to one encoder; objective t is the error rate of task t, minimised.

    Arguments that are not described here are those of `Problem`.

    Args:
        data: for every task, split name -> examples.
        heads: for every task, a frozen module from what the encoder returns (features (n, d), or a container that
            holds them) to logits (n, classes).
        to_input: function from stored inputs, such as uint8 images, to what the encoder takes.

    Raises:
        ConfigError: the model or a head cannot be run (one example is, to see), or a label is no class that the task's
            head tells apart; or as `Problem` and `ExampleProblem` say.
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
        to_input: Callable[[Tensor], Any] = lambda inputs: inputs,
    ) -> None:
        super().__init__(
            name=name, tasks=tasks, model=model, pretrained=pretrained, experts=experts, budget=budget, data=data
        )
        given = one_a_task("heads", heads, self.tasks)
        self.heads = tuple(
            require_head(task, head).requires_grad_(False) for task, head in zip(self.tasks, given, strict=True)
        )
        self.to_input = to_input
        self._segmented = SegmentedModel(self.model)
        # All are raised together, so one of them tells; it is asked several times a step.
        self._half = next((name for name, tensor in self.pretrained.items() if is_half(tensor.dtype)), None)
        self._comparison = LossComparison(buffers=[name for name, _ in self.model.named_buffers()])
        self.data = tuple(self._with_class_numbers(t, splits) for t, splits in enumerate(self.data))

    def losses(self, params: Params, batch: Batch) -> Tensor:
        """Return the mean cross-entropies (T,); the T mini-batches go through the encoder as one.

        They go one by one where the encoder gives something else for all together, see `LossComparison`.
        """

        def together(models: Sequence[Params]) -> Tensor:
            features = split_rows(self.forward(models[0], self._joined(models[0], batch)), _sizes(batch))
            return self._cross_entropies(features, models[0], batch)

        def apart(models: Sequence[Params]) -> Tensor:
            return torch.stack([self.task_loss(t, models[0], batch) for t in range(self.n_tasks)])

        # One model's gradients are right where its losses are.
        return self._losses(("one model", _shapes(batch)), together, apart, [params], compare_gradients=False)

    def task_loss(self, t: int, params: Params, batch: Batch) -> Tensor:
        """Return the mean cross-entropy of task `t`, a scalar."""
        examples: Examples = batch[t]
        features = self.forward(params, self._inputs(params, examples.inputs))
        return F.cross_entropy(at_least_single(self._logits(t, features, params)), examples.labels)

    def losses_by_model(self, models: Sequence[Params], batch: Batch) -> Tensor:
        """Return the losses (T,) of T models in one forward pass; modules whose weights differ run task by task.

        There is one pass a task where that gives other losses or gradients, see `LossComparison`.
        """

        def together(models: Sequence[Params]) -> Tensor:
            self.forward_passes += 1
            features = self._segmented(models, self._joined(models[0], batch), _sizes(batch))
            return self._cross_entropies(features, models[0], batch)

        def apart(models: Sequence[Params]) -> Tensor:
            return super(ClassificationProblem, self).losses_by_model(models, batch)

        first, *others = models
        differing = frozenset(name for name, tensor in first.items() if any(m[name] is not tensor for m in others))
        trained = frozenset(name for name, tensor in first.items() if tensor.requires_grad)
        kind = ("T models", _shapes(batch), differing, trained, torch.is_grad_enabled())
        return self._losses(kind, together, apart, models)

    def log_probabilities(self, t: int, params: Params, batch: Batch) -> Tensor:
        """Return log-probabilities (n, classes) of task `t`, differentiable in `params`."""
        logits = self.heads[t](self.forward(params, self.to_input(batch[t].inputs)))
        return F.log_softmax(at_least_single(logits), dim=1)

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
                logits = at_least_single(self.heads[t](self.forward(params, inputs)))
                wrong += int((logits.argmax(dim=1) != labels).sum())
                loss += float(F.cross_entropy(logits, labels, reduction="sum"))
            errors.append(wrong / len(examples))
            losses.append(loss / len(examples))
        return Objectives(np.array(errors), np.array(losses))

    @torch.no_grad()
    def _with_class_numbers(self, t: int, splits: Mapping[str, Examples]) -> Mapping[str, Examples]:
        """Return the splits of task `t` with labels checked against its head, which is run on one example."""

        def encode(inputs: Tensor) -> Any:
            return self.forward(self.pretrained, self.to_input(inputs))

        checked = dict(splits)
        n_classes = 0
        for split, examples in splits.items():
            if n_classes == 0:
                n_classes = classes_of_head(self.tasks[t], encode, self.heads[t], examples.inputs[:1])
            labels = class_numbers(examples.labels, n_classes, f"of task {self.tasks[t]!r} in split {split!r}")
            if labels is not examples.labels:
                checked[split] = Examples(examples.inputs, labels)
        return checked

    def _losses(
        self,
        kind: Hashable,
        together: LossesOf,
        apart: LossesOf,
        models: Sequence[Params],
        *,
        compare_gradients: bool = True,
    ) -> Tensor:
        """Return T losses by the way that is right, the faster one if it is."""
        passes = self.forward_passes
        with torch.set_grad_enabled(compare_gradients and torch.is_grad_enabled()):
            agree = self._comparison.agree(kind, together, apart, models)
        self.forward_passes = passes
        if agree:
            try:
                return together(models)
            except torch.OutOfMemoryError:
                raise
            except Exception as error:  # what a model does may depend on the batch
                self._comparison.refuse(kind, error)
                self.forward_passes = passes
        return apart(models)

    def _joined(self, params: Params, batch: Batch) -> Any:
        """Return what the encoder takes for T mini-batches as one."""
        return self._inputs(params, torch.cat([part.inputs for part in batch]))

    def _inputs(self, params: Params, inputs: Tensor) -> Any:
        """Return what the encoder takes, in single precision where a half-precision model is compared in it."""
        taken = self.to_input(inputs)
        return map_tensors(at_least_single, taken) if self._is_raised(params) else taken

    def _logits(self, t: int, features: Any, params: Params) -> Tensor:
        """Return the logits (n, classes) of task `t` for what the encoder gave, in the type of the task's head."""
        head = self.heads[t]
        if self._is_raised(params):
            own = next((tensor.dtype for tensor in head.parameters() if is_half(tensor.dtype)), torch.float32)
            features = map_tensors(lambda part: part.to(own) if part.is_floating_point() else part, features)
        logits: Tensor = head(features)
        return logits

    def _is_raised(self, params: Params) -> bool:
        """Return whether weights of a half-precision model are given in a higher one."""
        return self._half is not None and params[self._half].dtype != self.pretrained[self._half].dtype

    def _cross_entropies(self, features: Sequence[Any], params: Params, batch: Batch) -> Tensor:
        return torch.stack(
            [
                F.cross_entropy(at_least_single(self._logits(t, part, params)), examples.labels)
                for t, (part, examples) in enumerate(zip(features, batch, strict=True))
            ]
        )


def _sizes(batch: Batch) -> list[int]:
    return [len(part) for part in batch]


def _shapes(batch: Batch) -> Hashable:
    return tuple((part.inputs.shape, part.inputs.dtype) for part in batch)
