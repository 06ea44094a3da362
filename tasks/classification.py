"""Problems whose tasks are classifications by one encoder, each with a frozen head of its own."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from .batch_kinds import kind_of_batch
from .example_checks import class_numbers
from .examples import Augment, ExampleProblem, Examples
from .head_checks import classes_of_head, logits_in, require_head
from .loss_comparison import LossComparison, LossesOf
from .model_precision import ModelPrecision
from .objectives import Objectives
from .one_a_task import one_a_task
from .pass_size import MOST_EXAMPLES, PassSize
from .precision import at_least_single
from .problem import Batch, Budget, Params
from .rows import split_rows, tensors_in
from .segments import SegmentedModel
from .stored_inputs import Inputs, as_they_are, joined, moved
from .untouched_randomness import unused_randomness


class ClassificationProblem(ExampleProblem):
    """Poses T classification tasks to one encoder; objective t is the error rate of task t, minimised.

    Arguments that are not described here are those of `Problem` and `ExampleProblem`.

    Args:
        data: for every task, split name -> examples; they may be on another device than the weights.
        heads: for every task, a frozen module from what `run` returns (features (n, d), or a container that holds
            them) to logits (n, classes), or to something that has them as `logits`.
        to_input: function from stored inputs, such as uint8 images, to what the encoder takes, on the device of the
            weights. Where all weights are of one half-precision type, floating-point inputs are given in it.
        run: function from the encoder and what it takes to what the heads take; the encoder is called on it when
            absent. It is given all tasks' examples at once, and reads no weights but by calling modules.
        trim: function from a batch of stored inputs, where they are stored, to the same without what the batch does
            not need, such as padding beyond its longest text.
        join: function from T batches of stored inputs to one, padded where they differ in length.

    Raises:
        ConfigError: the model or a head cannot be run (one example is, to see), or draws random numbers in evaluation
            mode; or a label is no class that the task's head tells apart; or as `Problem` and `ExampleProblem` say.
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
        augment: Augment | None = None,
        to_input: Callable[[Any], Any] = as_they_are,
        run: Callable[[nn.Module, Any], Any] | None = None,
        trim: Callable[[Any], Inputs] = as_they_are,
        join: Callable[[Sequence[Any]], Inputs] = joined,
    ) -> None:
        super().__init__(
            name=name,
            tasks=tasks,
            model=model,
            pretrained=pretrained,
            experts=experts,
            budget=budget,
            data=data,
            augment=augment,
        )
        given = one_a_task("heads", heads, self.tasks)
        self.heads = tuple(
            require_head(task, head).eval().requires_grad_(False) for task, head in zip(self.tasks, given, strict=True)
        )
        self.to_input, self.run, self.trim, self.join = to_input, run, trim, join
        self._segmented = SegmentedModel(self.model, self.call_model)
        self._precision = ModelPrecision(self.pretrained)
        self._pass_size = PassSize(self.device.type)
        self._comparison = LossComparison(buffers=[name for name, _ in self.model.named_buffers()])
        encoded: dict[Hashable, Any] = {}
        self.data = tuple(self._with_class_numbers(t, splits, encoded) for t, splits in enumerate(self.data))

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
        return self._losses(("one model", _kind(batch)), together, apart, [params], compare_gradients=False)

    def task_loss(self, t: int, params: Params, batch: Batch) -> Tensor:
        """Return the mean cross-entropy of task `t`, a scalar."""
        features = self.features(params, batch[t])
        return F.cross_entropy(at_least_single(self._logits(t, features, params)), batch[t].labels)

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
        kind = ("T models", _kind(batch), differing, trained, torch.is_grad_enabled())
        return self._losses(kind, together, apart, models)

    def log_probabilities(self, t: int, params: Params, batch: Batch) -> Tensor:
        """Return log-probabilities (n, classes) of task `t`, differentiable in `params`."""
        features = self.features(params, batch[t])
        return F.log_softmax(at_least_single(self._logits(t, features, params)), dim=1)

    def features(self, params: Params, examples: Examples) -> Any:
        """Return what heads take for some examples of one task, a batch as `as_batch` makes it; differentiable."""
        return self.forward(params, self._inputs(params, examples.inputs))

    @torch.no_grad()
    def evaluate(self, params: Params, split: str) -> Objectives:
        """Return the error rate and mean cross-entropy of every task over the whole split."""
        errors, losses, by_example = [], [], []
        for t in range(self.n_tasks):
            wrong, loss = [], []
            for logits, labels in self.logits(t, params, split):
                wrong.append(logits.argmax(dim=1) != labels)
                loss.append(F.cross_entropy(logits, labels, reduction="sum"))
            # Read at the end alone: reading makes a GPU wait for the CPU.
            n_examples = len(self.examples(t, split))
            by_example.append(torch.cat(wrong).cpu().numpy())
            errors.append(int(by_example[t].sum()) / n_examples)
            losses.append(functools.reduce(operator.add, torch.stack(loss).tolist(), 0.0) / n_examples)
        return Objectives(np.array(errors), np.array(losses), by_example)

    @torch.no_grad()
    def logits(self, t: int, params: Params, split: str) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the logits (n, classes) and labels (n,) of task `t` over the whole split, a forward pass at a time."""
        for examples in self._passes(params, self.examples(t, split)):
            features = self.features(params, examples)
            yield at_least_single(self._logits(t, features, params)), examples.labels

    def run_model(self, *inputs: Any) -> Any:
        """Call the encoder by `run`."""
        return self.model(*inputs) if self.run is None else self.run(self.model, *inputs)

    def as_batch(self, examples: Examples) -> Examples:
        """Return some of the stored examples as a mini-batch, trimmed, on the device of the weights."""
        # Trimmed first: on a GPU it would wait for the lengths, and copy what is not needed.
        return super().as_batch(Examples(self.trim(examples.inputs), examples.labels))

    def _passes(self, params: Params, examples: Examples) -> Iterator[Examples]:
        """Yield all examples in batches that a forward pass has memory for."""

        def run(inputs: Inputs) -> None:
            passes = self.forward_passes
            self.forward(params, self._inputs(params, moved(inputs, self.device)))
            self.forward_passes = passes

        for start in range(0, len(examples), MOST_EXAMPLES):
            part = examples.between(start, start + MOST_EXAMPLES)
            n_examples = self._pass_size.n_examples(self.trim(part.inputs), run)
            for first in range(0, len(part), n_examples):
                yield self.as_batch(part.between(first, first + n_examples))

    @torch.no_grad()
    def _with_class_numbers(
        self, t: int, splits: Mapping[str, Examples], encoded: dict[Hashable, Any]
    ) -> Mapping[str, Examples]:
        """Return the splits of task `t` with labels checked against its head, which is run on one example.

        Heads look at what the encoder gave for an example of the same form, whose features have the same form, too.
        """

        def encode(inputs: Any) -> Any:
            form = tuple((leaf.shape, leaf.dtype) for leaf in tensors_in(inputs))
            if form not in encoded:
                encoded[form] = self.forward(self.pretrained, self._inputs(self.pretrained, inputs))
            return encoded[form]

        checked = dict(splits)
        n_classes = 0
        for split, examples in splits.items():
            if n_classes == 0:
                example = self.as_batch(examples.between(0, 1)).inputs
                with unused_randomness(self.device, f"the model or the head of task {self.tasks[t]!r}"):
                    n_classes = classes_of_head(self.tasks[t], encode, self.heads[t], example)
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
        return self._inputs(params, self.join([part.inputs for part in batch]))

    def _inputs(self, params: Params, inputs: Inputs) -> Any:
        """Return what the encoder takes for stored inputs."""
        return self._precision.inputs(params, self.to_input(inputs))

    def _logits(self, t: int, features: Any, params: Params) -> Tensor:
        """Return the logits (n, classes) of task `t` for what the encoder gave."""
        head = self.heads[t]
        logits: Tensor = logits_in(head(self._precision.features(params, head, features)))
        return logits

    def _cross_entropies(self, features: Sequence[Any], params: Params, batch: Batch) -> Tensor:
        return torch.stack(
            [
                F.cross_entropy(at_least_single(self._logits(t, part, params)), examples.labels)
                for t, (part, examples) in enumerate(zip(features, batch, strict=True))
            ]
        )


def _sizes(batch: Batch) -> list[int]:
    return [len(part) for part in batch]


def _kind(batch: Batch) -> Hashable:
    return kind_of_batch([part.inputs for part in batch])
