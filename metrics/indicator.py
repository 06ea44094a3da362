"""The interface of indicators: a front with what is known beside it goes in, one number comes out."""

from __future__ import annotations

import functools
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
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

    def __post_init__(self) -> None:
        """Make all arrays read-only, since every indicator is given the same."""
        for name in ("losses", "reference_point", "expert_errors", "pretrained_errors"):
            if (array := getattr(self, name)) is not None:
                array = np.asarray(array).view()
                array.setflags(write=False)
                object.__setattr__(self, name, array)

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
    """A short heading for tables; an arrow towards better is added where there is one."""
    maximize: ClassVar[bool]
    """Whether a larger value is better."""
    directed: ClassVar[bool] = True
    """Whether one direction is better by itself; where it is not, no arrow is shown, and no value is marked as best."""
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

    def __init_subclass__(cls, **more: Any) -> None:
        """Raise ConfigError where a subclass with a name declares something that reports could not show."""
        super().__init_subclass__(**more)
        if "name" in vars(cls):
            for attribute, (fits, expected) in _DECLARED.items():
                found = getattr(cls, attribute, None)
                if not fits(found):
                    raise ConfigError(f"the indicator {cls.__name__}: `{attribute}` must be {expected}, is {found!r}")
            if cls.least > cls.most:
                raise ConfigError(f"the indicator {cls.__name__}: `least` is above `most`")

    @abstractmethod
    def value(self, scored: ScoringInput) -> float | None:
        """Return the indicator's value for one front, or None where it has no meaning for it (never 0 for that).

        Raises:
            FrontError: the value is too large for a float; it counts as absent.
        """


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isnan(value)


_DECLARED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (
        lambda value: isinstance(value, str) and re.fullmatch(r"[a-z][a-z0-9_]{0,79}", value) is not None,
        "lower-case letters, digits and underscores, a letter first",
    ),
    "heading": (lambda value: isinstance(value, str) and value.strip() != "", "a short text"),
    **dict.fromkeys(("maximize", "directed"), (lambda value: isinstance(value, bool), "True or False")),
    "version": (
        lambda value: isinstance(value, str) and re.fullmatch(r"[\w.+-]+", value) is not None,
        "a text without spaces",
    ),
    "unit": (lambda value: value in get_args(Unit), f"one of {', '.join(get_args(Unit))}"),
    "least": (_is_number, "a number"),
    "most": (_is_number, "a number"),
    "needs": (
        lambda value: isinstance(value, tuple) and set(value) <= {*get_args(Need)},
        f"a tuple of some of: {', '.join(get_args(Need))}",
    ),
    "column": (
        lambda value: value is None or (isinstance(value, int) and not isinstance(value, bool)),
        "a whole number or None",
    ),
}
"""What a subclass of `Indicator` declares: attribute -> (whether a value fits, what is expected)."""
