"""The interface of indicators: a front with what is known beside it goes in, one number comes out."""

from __future__ import annotations

import functools
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from .front import Front
from .hypervolume import Hypervolume, hypervolume
from .reference import ReferenceFront

Unit = Literal["quality", "seconds", "bytes", "count"]
Need = Literal["preferences", "true front", "experts", "reference"]


@dataclass(frozen=True)
class ScoringInput:
    """One evaluated front and everything an indicator may look at; all objectives are minimised."""

    front: Front
    """n answers by per-task error, shape (n, T), with the preferences they answer, where there are any."""
    losses: NDArray[np.float64]
    """Mean losses of the same answers, shape (n, T); may hold NaN."""
    reference_point: NDArray[np.float64]
    """The point hypervolume is measured to, shape (T,)."""
    true_hypervolume: float | None = None
    """Hypervolume of the true front at that point, where the suite knows it."""
    expert_errors: NDArray[np.float64] | None = None
    """Error of expert t on task t, shape (T,), where it was measured."""
    pretrained_errors: NDArray[np.float64] | None = None
    """Errors of the pre-trained model, shape (T,), where they were measured."""
    reference: ReferenceFront | None = None
    """The front distances are measured to; given only to indicators that need it."""

    @functools.cached_property
    def volume(self) -> Hypervolume:
        """The front's hypervolume at the reference point, computed once for all indicators."""
        return hypervolume(self.front, self.reference_point)


class Indicator(ABC):
    """A function of a front that becomes a column of every leaderboard; subclass it to add your own.

    A subclass with a `name` is registered by the entry-point group `frontrunner.indicators` or with
    `--plugin file.py`. Its docstring's first line explains it to readers of leaderboards. Its values then appear in
    the terminal (where `column` says so), CSV, JSON, the HTML page, MLflow and `fr.results()`, and it can be an
    objective of `frontrunner tune`.
    """

    name: ClassVar[str]
    """The name in records and CSV: lower case, with underscores."""
    heading: ClassVar[str]
    """A short heading for tables; an arrow towards better is added."""
    maximize: ClassVar[bool]
    """Whether a larger value is better."""
    version: ClassVar[str] = "1"
    """The version, which changes whenever values could; fronts scored by another version are scored again."""
    unit: ClassVar[Unit] = "quality"
    """The unit, which decides how a value is written for people."""
    least: ClassVar[float] = 0.0
    """The smallest possible value; intervals are cut there."""
    most: ClassVar[float] = math.inf
    """The largest possible value; intervals are cut there."""
    needs: ClassVar[tuple[Need, ...]] = ()
    """What a value depends on. `preferences`: it is absent for fronts without them. `true front`: it is absent where
    the suite knows none. `experts`: it is absent where experts and pre-trained model were not measured. `reference`: it
    changes when better fronts are recorded, and a study may use it only where the true front is known."""
    column: ClassVar[int | None] = None
    """The place among a terminal table's columns, small numbers first; None leaves it to CSV, page and MLflow."""

    @abstractmethod
    def value(self, scored: ScoringInput) -> float | None:
        """Return the indicator's value for one front, or None where it has no meaning for it (never 0 for that).

        Raises:
            FrontError: the value is too large for a float; it counts as absent.
        """
