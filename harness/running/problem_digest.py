"""Identify the pre-trained model and the experts that a result was made from."""

from __future__ import annotations

import hashlib

from ...errors import ConfigError
from ...tasks import Problem
from ...tasks.weight_files.weight_digest import digest_weights


def digest_problem(problem: Problem) -> str:
    """Return a digest of everything a learner is given besides data: the pre-trained model and every expert.

    It depends on their values alone, whether they are mapped from files, in memory or on a GPU.
    """
    return _joined(_digests(problem))


class UnchangedWeights:
    """Tells whether a learner and its set have left the weights that they were given as they were.

    Weights that are mapped from files are read once for all cells: later, that no page of theirs was written to and
    that the files are as they were tells as much. Whatever was written to is read again, and so are ordinary weights.

    Args:
        problem: the problem, before the fit.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._before = _digests(problem)
        self.digest = _joined(self._before)
        """The digest of the problem."""

    def require(self) -> None:
        """Raise ConfigError where the pre-trained model or an expert is another one than before."""
        models = ["the pre-trained model", *(f"the expert of {task}" for task in self._problem.tasks)]
        found = zip(models, self._before, _digests(self._problem), strict=True)
        changed = [model for model, before, now in found if now != before]
        if changed:
            raise ConfigError(
                f"the learner wrote into the weights of {', '.join(changed)}, from which the front and its reference "
                "values are computed; copy weights before changing them"
            )


def _digests(problem: Problem) -> list[str]:
    """Return one digest for each model: the pre-trained one, then the experts."""
    return [digest_weights(params) for params in (problem.pretrained, *problem.experts)]


def _joined(models: list[str]) -> str:
    return hashlib.sha256("/".join(models).encode()).hexdigest()[:16]
