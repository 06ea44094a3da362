"""The problems of suites that are no suite files, with experts that were never trained, for their shapes alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ...tasks import fine_tuned_problem
from ...tasks.classification import ClassificationProblem
from ...tasks.expert_training import HEAD
from ...tasks.lent_weights import lend_weights
from ...tasks.problem import Params, Problem
from ...tasks.progress import silent
from ...tasks.stored_inputs import named_tensors
from ...tasks.suite import Suite
from .stand_in_values import replaced


def prepare_untrained(suite: Suite, tasks: tuple[str, ...]) -> Problem:
    """Return the problem of some tasks on the CPU; experts that fine-tuning would make equal the pre-trained model.

    What the suite reads or trains beside them it does as ever. The files of code that train experts are a part of the
    experts' keys, so these names are replaced from here.
    """
    with (
        replaced(fine_tuned_problem, "train_expert", _untrained),
        replaced(fine_tuned_problem, "cached", _made_anew),
    ):
        return suite.prepare(tasks, device=torch.device("cpu"), seed=0, progress=silent)


def data_bytes(problem: Problem) -> int:
    """Return the bytes of a problem's examples, of every tensor once; 0 where it keeps none."""
    examples = {id(one): one for splits in getattr(problem, "data", ()) for one in splits.values()}.values()
    tensors = [tensor for one in examples for _, tensor in (*named_tensors("", one.inputs), ("", one.labels))]
    return sum({(tensor.data_ptr(), tensor.nbytes): tensor.nbytes for tensor in tensors}.values())


def without_values(problem: Problem, faked: Callable[[Tensor], Tensor]) -> None:
    """Make the weights of a problem fake, in place; its data keep their values.

    Args:
        problem: prepared on the CPU.
        faked: makes a tensor fake.
    """
    problem.pretrained = {name: faked(tensor) for name, tensor in problem.pretrained.items()}
    problem.experts = tuple({name: faked(tensor) for name, tensor in expert.items()} for expert in problem.experts)
    lend_weights(problem.model, problem.pretrained)
    for head in getattr(problem, "heads", ()):
        without_weights(head, faked)


def without_weights(module: nn.Module, faked: Callable[[Tensor], Tensor]) -> nn.Module:
    """Make the weights and buffers of a module fake, in place, and return it."""
    for part in module.modules():
        for name, parameter in list(part.named_parameters(recurse=False)):
            setattr(part, name, nn.Parameter(faked(parameter.detach()), requires_grad=False))
        for name, buffer in list(part.named_buffers(recurse=False)):
            setattr(part, name, faked(buffer))
    return module


def _untrained(single: ClassificationProblem, *_: object, trains_head: bool, **__: object) -> dict[str, Tensor]:
    """Return what training an expert starts from, with the task's head where that would be trained."""
    (head,) = single.heads
    held: Mapping[str, Any] = head.state_dict() if trains_head else {}
    named = {**single.pretrained, **{f"{HEAD}{name}": tensor for name, tensor in held.items()}}
    return {name: tensor.detach().clone() for name, tensor in named.items()}


def _made_anew(_: object, make: Callable[[], Params], *__: object, **___: object) -> dict[str, Tensor]:
    """Return what is made, and keep it nowhere."""
    return dict(make())
