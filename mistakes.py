"""Collect what is wrong with an input, so that all of it is said at once and not one mistake a try."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from .errors import ConfigError, FrontrunnerError

MOST = 10
"""The most mistakes that are told one by one."""


class Mistakes:
    """What was found wrong so far, each mistake once."""

    def __init__(self) -> None:
        self._found: dict[str, FrontrunnerError] = {}

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Note an error of Frontrunner's that is raised within, and go on after it."""
        try:
            yield
        except FrontrunnerError as error:
            self._found.setdefault(str(error), error)

    @property
    def told(self) -> list[str]:
        """A sentence on each, in the order in which they were found."""
        return list(self._found)

    def raise_any(self) -> None:
        """Raise the mistake, or a ConfigError that names all of them; return where there is none."""
        if len(self._found) == 1:
            raise next(iter(self._found.values()))
        if self._found:
            raise ConfigError(all_mistakes(self.told))


def all_mistakes(told: Sequence[str], n_more: int = 0) -> str:
    """Return the sentences on all mistakes as one, numbered where there are several; `n_more` have no sentence."""
    n_all = len(told) + n_more
    if n_all == 1:
        return told[0]
    listed = "; ".join(f"({i}) {one}" for i, one in enumerate(told[:MOST], 1))
    n_left = n_all - min(len(told), MOST)
    more = f"; and {n_left} more" if n_left else ""
    return f"{n_all} mistakes: {listed}{more}"
