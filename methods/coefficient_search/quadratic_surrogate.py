"""Quadratic surrogates of objectives, fitted by least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import expit, logit

from ...errors import ConfigError

CLIP = 1e-3
"""Distance from 0 and 1 to which error rates are clipped, since these have no finite logit; the fit starts there."""


def quadratic_terms(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the terms of a quadratic at points (n, T): one, every coefficient, every product of two.

    The shape is (n, 1 + T + T (T + 1) / 2).
    """
    first, second = np.triu_indices(points.shape[1])
    return np.hstack([np.ones((len(points), 1)), points, points[:, first] * points[:, second]])


def n_quadratic_terms(n_tasks: int) -> int:
    """Return how many numbers a quadratic of T coefficients has."""
    return 1 + n_tasks + n_tasks * (n_tasks + 1) // 2


@dataclass(frozen=True)
class QuadraticSurrogate:
    """Predicts T objectives by quadratics e + b c + c A c, inside a sigmoid if wanted (arXiv 2406.07529, section 3)."""

    weights: NDArray[np.float64]
    """The quadratics' numbers, (terms, T)."""
    sigmoid: bool
    """Whether each quadratic lies inside a sigmoid."""

    @classmethod
    def fit(
        cls, points: NDArray[np.float64], objectives: NDArray[np.float64], *, sigmoid: bool = False
    ) -> QuadraticSurrogate:
        """Fit points (n, T) and objectives (n, T) by least squares in the objectives' own scale.

        Raises:
            ConfigError: a sigmoid is wanted and an objective lies outside [0, 1].
        """
        terms = quadratic_terms(points)
        if not sigmoid:
            return cls(np.asarray(np.linalg.lstsq(terms, objectives, rcond=None)[0], dtype=np.float64), sigmoid)
        if objectives.min() < 0 or objectives.max() > 1:
            raise ConfigError(
                "a sigmoid fits objectives in [0, 1], such as error rates, "
                f"found {objectives.min():.3g} to {objectives.max():.3g}; set sigmoid to false"
            )
        start = np.linalg.lstsq(terms, logit(np.clip(objectives, CLIP, 1 - CLIP)), rcond=None)[0]
        return cls(np.column_stack([_refined(terms, y, w) for y, w in zip(objectives.T, start.T, strict=True)]), True)

    def predict(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the predicted objectives (n, T) of points (n, T)."""
        values = quadratic_terms(points) @ self.weights
        return np.asarray(expit(values) if self.sigmoid else values)

    def determination(self, points: NDArray[np.float64], objectives: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return R^2 (T,) of each objective: 1 is exact, 0 no better than the mean; 1 for a constant objective."""
        unexplained = ((self.predict(points) - objectives) ** 2).sum(axis=0)
        variation = ((objectives - objectives.mean(axis=0)) ** 2).sum(axis=0)
        return np.asarray(1 - unexplained / np.where(variation > 0, variation, np.inf))


def _refined(
    terms: NDArray[np.float64], values: NDArray[np.float64], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the weights (terms,) with the least squared error of a sigmoid of the quadratic, found from `start`."""

    def slopes(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        shares = expit(terms @ weights)
        return np.asarray((shares * (1 - shares))[:, None] * terms)

    return np.asarray(least_squares(lambda weights: expit(terms @ weights) - values, start, jac=slopes).x)
