"""Read what a problem is given once a task, such as experts and heads, as a tuple in the order of tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar, cast

from torch import Tensor, nn

from ..errors import ConfigError

T = TypeVar("T")


def one_a_task(what: str, values: Iterable[T], tasks: Sequence[str]) -> tuple[T, ...]:
    """Return the values in the order of tasks.

    Args:
        what: the argument's name, for the message.
        values: a list, or another iterable with an order; the only module that is one is `nn.ModuleList`.
        tasks: the T names of the tasks.

    Raises:
        ConfigError: it is no list, or not one of T values.
    """
    given: object = values
    advice = "give a list in the order of tasks"
    if isinstance(given, Mapping) and set(given) == set(tasks):
        advice += f", such as [{what}[task] for task in tasks]"
    is_one_module = isinstance(given, nn.Module) and not isinstance(given, nn.ModuleList)
    unordered = isinstance(given, Mapping | set | frozenset | str | bytes | Tensor)
    if unordered or is_one_module or not isinstance(given, Iterable):
        raise ConfigError(
            f"{what} must be a list with one entry a task ({len(tasks)}), found {type(given).__name__}; {advice}"
        )
    found = cast(tuple[T, ...], tuple(given))
    if len(found) != len(tasks):
        raise ConfigError(f"{what} must hold one entry a task ({len(tasks)}), found {len(found)}; {advice}")
    return found
