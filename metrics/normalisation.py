"""Objectives on the scale that every task shares: 0 is its own expert, 1 the model that nobody has fine-tuned."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..errors import FrontError
from .canonical import finite_vector
from .front import Front


def normalised(front: Front, specialist: ArrayLike, pretrained: ArrayLike) -> Front | None:
    """Return the front with 0 for what a task's own expert reaches and 1 for the pre-trained model; still minimised.

    Objective t becomes (f_t - specialist_t) / (pretrained_t - specialist_t): below 0 better than the expert, above 1
    worse than no fine-tuning at all. Points keep their order and their preferences, and dominate the same ones.

    Args:
        front: n points of T objectives.
        specialist: shape (T,), finite, the objective of each task's own expert on that task.
        pretrained: shape (T,), finite, the objective of the pre-trained model on each task.

    Returns:
        None where it is not defined: an expert no better than the pre-trained model.

    Raises:
        FrontError: a specialist or pretrained of another shape or not finite, or results too large for a float.
    """
    zero = finite_vector("specialist", specialist, front.n_objectives)
    one = finite_vector("pretrained", pretrained, front.n_objectives)
    if (one <= zero).any():
        return None
    try:
        with np.errstate(over="raise"):
            objectives = (front.objectives - zero) / (one - zero)
    except FloatingPointError as error:
        raise FrontError(
            f"normalised objectives fit in a float; they do not between specialist {zero.tolist()} and pretrained "
            f"{one.tolist()}, rescale the objectives"
        ) from error
    return Front(objectives, front.preferences)
