"""Counting what a fit takes through a problem's model, and whether it reads the experts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import Tensor

from ..tasks import Problem
from ..tasks.examples import ExampleProblem

_SIZES: Mapping[str, Callable[..., int]] = {
    "losses": lambda problem, params, batch: sum(map(len, batch)),
    "losses_by_model": lambda problem, models, batch: sum(map(len, batch)),
    "task_loss": lambda problem, t, params, batch: len(batch[t]),
    "log_probabilities": lambda problem, t, params, batch: len(batch[t]),
    "evaluate": lambda problem, params, split: sum(problem.n_examples(split)),
}
"""How many examples each way through the model takes."""


class CountedExamples:
    """Counts the examples that went through a problem's model, with a graph for gradients and without one."""

    def __init__(self) -> None:
        self.experts_read = False
        self._within = False
        self._counts: dict[int, tuple[bool, int]] = {}

    def total(self, *, gradients: bool) -> int:
        """Return how many examples went through the model with gradients, or without."""
        return sum(n for with_gradients, n in self._counts.values() if with_gradients == gradients)

    def call(self, problem: Problem, name: str, method: Callable[..., Any], *given: Any) -> Any:
        """Call a method of the problem and count what it takes; what it calls in turn is not counted again."""
        if self._within:
            return method(*given)
        # A pass that only looks at the model takes back the count of passes, and the next one has its place.
        place = problem.forward_passes
        self._within = True
        try:
            found = method(*given)
        finally:
            self._within = False
        self._counts[place] = (isinstance(found, Tensor) and found.requires_grad, _SIZES[name](problem, *given))
        return found


@contextlib.contextmanager
def counted_examples(problem: Problem) -> Iterator[CountedExamples]:
    """Count until the end of the block; of problems without examples only whether experts are read is known."""
    kind = type(problem)
    counted = CountedExamples()

    def method(name: str) -> Callable[..., Any]:
        def called(self: Problem, *given: Any) -> Any:
            return counted.call(self, name, getattr(kind, name).__get__(self), *given)

        return called

    def experts(self: Problem) -> Any:
        counted.experts_read = True
        return vars(self)["experts"]

    names = _SIZES if isinstance(problem, ExampleProblem) else ()
    problem.__class__ = type(kind.__name__, (kind,), {"experts": property(experts), **{n: method(n) for n in names}})
    try:
        yield counted
    finally:
        problem.__class__ = kind
