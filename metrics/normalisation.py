"""Scale the objectives of all tasks alike: 0 is the task's own expert, 1 the pre-trained model."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..errors import FrontError
from .canonical import finite_vector, require_front
from .front import Front


def normalised(front: Front, experts: ArrayLike, pretrained: ArrayLike) -> Front | None:
    """Return the front scaled so that each task's own expert is at 0 and the pre-trained model at 1; still minimised.

    Objective t becomes (f_t - experts_t) / (pretrained_t - experts_t): below 0 better than the expert, above 1
    worse than no fine-tuning at all. Points keep their order and their preferences, and dominate the same ones.

    Args:
        front: n points of T objectives.
        experts: shape (T,), finite, the objective of each task's own expert on that task.
        pretrained: shape (T,), finite, the objective of the pre-trained model on each task.

    Returns:
        None where an expert is no better than the pre-trained model: there is no scale.

    Raises:
        FrontError: experts or pretrained of another shape or not finite, or results too large for a float.
    """
    require_front(front)
    zero = finite_vector("the vector experts", experts, front.n_objectives)
    one = finite_vector("the vector pretrained", pretrained, front.n_objectives)
    if (one <= zero).any():
        return None
    try:
        with np.errstate(over="raise"):
            objectives = (front.objectives - zero) / (one - zero)
    except FloatingPointError as error:
        raise FrontError(
            f"normalised objectives fit in a float; they do not between experts {zero.tolist()} and pretrained "
            f"{one.tolist()}, rescale the objectives"
        ) from error
    return Front(objectives, front.preferences)
