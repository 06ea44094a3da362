"""Checking what a problem's own losses return, whenever a learner calls them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..errors import ConfigError
from ..one_line import shown
from .precision import type_name

if TYPE_CHECKING:
    from .problem import Problem


def require_losses(problem: Problem, what: str, found: object, shape: tuple[int, ...]) -> Tensor:
    """Return losses if they are a floating-point tensor of the right shape.

    Args:
        problem: the problem, for the message.
        what: the name of the function that returned them.
        found: what it returned.
        shape: (T,) for `losses`, () for `task_loss`.

    Raises:
        ConfigError: they are something else.
    """
    wanted = f"a tensor {shape}" if shape else "a scalar tensor"
    advice = "return the mean loss as torch computes it" if not shape else "put the losses together by torch.stack"
    where = f"`{what}` of problem {problem.name!r} must return {wanted} of floating-point numbers"
    if not isinstance(found, Tensor):
        raise ConfigError(f"{where}, found {type(found).__name__} {shown(found, 60)}; {advice}")
    if found.shape != shape or not found.is_floating_point():
        raise ConfigError(f"{where}, found {type_name(found)} of shape {tuple(found.shape)}; {advice}")
    return found


def require_differentiable(problem: Problem, what: str, losses: Tensor, models: Iterable[Mapping[str, Tensor]]) -> None:
    """Check that losses have a gradient where the weights of one of the models ask for it.

    Raises:
        ConfigError: they have none.
    """
    if losses.requires_grad or not torch.is_grad_enabled():
        return
    if any(tensor.requires_grad for params in models for tensor in params.values()):
        raise ConfigError(
            f"`{what}` of problem {problem.name!r} must return losses that depend on the trained weights, found some "
            f"without a gradient; compute them from `params` without detach(), item(), NumPy or torch.no_grad()"
        )
