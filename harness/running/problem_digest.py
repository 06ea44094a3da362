"""Identify the pre-trained model and the experts that a result was made from."""

from __future__ import annotations

import hashlib

from ...tasks import Problem
from ...tasks.expert_cache import digest_weights


def digest_problem(problem: Problem) -> str:
    """Return a digest of everything a learner is given besides data: the pre-trained model and every expert."""
    models = [digest_weights(params) for params in (problem.pretrained, *problem.experts)]
    return hashlib.sha256("/".join(models).encode()).hexdigest()[:16]
