"""Check what a learner hands back: the set that `fit` returns, and the models that the set gives."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ...errors import ConfigError, FrontError
from ...methods import Learner, ParetoSet
from ...tasks import Params, Problem
from ...tasks.precision import type_name

NAMED = 3
"""The number of weights that a message names before it counts the rest."""


def checked_set(learner: Learner, returned: object, problem: Problem, *, by: str = "fit") -> ParetoSet:
    """Return what a learner's `fit`, or another method `by`, has returned if it is a Pareto set of the problem's tasks.

    Raises:
        ConfigError: it is something else; the message names the learner.
    """
    if not isinstance(returned, ParetoSet):
        found = "None" if returned is None else type(returned).__name__
        if isinstance(returned, type):
            found = f"the class {returned.__name__}"
        raise ConfigError(f"{by} of {learner.name!r} returned {found}, expected a ParetoSet, such as a ContinuousSet")
    if (n_tasks := getattr(returned, "n_tasks", None)) != problem.n_tasks:
        raise ConfigError(
            f"{by} of {learner.name!r} returned a set for {n_tasks} tasks, {problem.name} has {problem.n_tasks}"
        )
    return returned


def check_model(params: Params, problem: Problem) -> None:
    """Refuse weights that are not one plain model of the problem's architecture.

    Raises:
        FrontError: no mapping of tensors, or names, shapes or dtypes that are not those of the pre-trained model.
    """
    if problems := _differences(params, problem.pretrained):
        more = f" and {len(problems) - NAMED} more" if len(problems) > NAMED else ""
        raise FrontError(
            f"a member of the Pareto set is no plain model of the architecture: {'; '.join(problems[:NAMED])}{more}"
        )


def check_finite(params: Params) -> None:
    """Refuse weights that hold NaN or infinity; every one of them is read.

    Raises:
        FrontError: the message names the weight.
    """
    for name, tensor in params.items():
        if not bool(torch.isfinite(tensor).all()):
            broken = int((~torch.isfinite(tensor)).sum())
            raise FrontError(f"the weight {name} holds {broken} values that are NaN or infinite")


def _differences(params: object, expected: Params) -> list[str]:
    """Return what differs between a model's weights and those expected, a text for each."""
    if not isinstance(params, Mapping):
        return [f"expected a mapping from names to tensors, found {type(params).__name__}"]
    found = [f"{name} is missing" for name in expected if name not in params]
    found += [f"{name} is unknown" for name in params if name not in expected]
    for name, tensor in expected.items():
        other = params.get(name, tensor)
        if not isinstance(other, Tensor):
            found.append(f"{name} is no tensor but {type(other).__name__}")
        elif (other.shape, other.dtype) != (tensor.shape, tensor.dtype):
            found.append(f"{name} must be {_described(tensor)}, is {_described(other)}")
    return found


def _described(tensor: Tensor) -> str:
    return f"{type_name(tensor)} of shape {tuple(tensor.shape)}"
