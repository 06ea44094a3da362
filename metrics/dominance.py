"""Measure the share of a front's points that another of its points dominates."""

from __future__ import annotations

import moocore
import numpy as np

from .canonical import require_front
from .front import Front


def dominated_share(front: Front) -> float:
    """Return the share of a front's n points that another of them dominates, from 0 to 1; smaller is better, 0 best.

    A point dominates another that is worse in one minimised objective and better in none; so equal points do not
    dominate one another. Where a learner's answer is dominated, its own set holds a better one.

    Args:
        front: n points of T objectives.
    """
    require_front(front)
    kept = np.asarray(moocore.is_nondominated(front.objectives, keep_weakly=True))
    return (front.n_points - int(kept.sum())) / front.n_points
