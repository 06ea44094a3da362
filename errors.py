"""Every error Frontrunner raises on purpose, in one tree.

FrontrunnerError
├── FrontError               a front that must not be scored (empty, NaN, wrong shape)
├── UnknownNameError         a method, suite, task or option nobody registered
├── DuplicateNameError       two origins claim one name
├── ConfigError              a value of the right name and the wrong kind
│   └── PluginError          code of a plugin that raised; its cause is what it raised
├── PreferenceError          not a point of the simplex, or one a finite set does not hold
├── UnsupportedError         a learner asks what a problem cannot give, such as predictions of classes
├── DataError                shipped or cached data that is missing or damaged
├── DivergenceError          training ran into NaN or infinity
├── RankError                another process of a fit on several devices has ended or does not answer
├── StoreError               the MLflow store cannot be created, read or written
│   ├── ClaimedError         another machine runs the cell
│   └── UnreadableError      a recorded file that this process cannot read now, and that may be undamaged
│       └── ServerAwayError  the MLflow server of a store does not answer; results wait on this machine
└── CellError                a cell that was started and did not finish

The command line prints the message of any of them as one sentence and exits with status 1.
A message says what was expected, what was found and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class FrontrunnerError(Exception):
    """Root of the tree; catch it to catch everything Frontrunner raises on purpose."""


class FrontError(FrontrunnerError, ValueError):
    """A front that must not be scored."""


MOST_LISTED = 100
"""Known names up to which a message lists them all; there are as many methods and suites, and any number of runs."""


class UnknownNameError(FrontrunnerError, LookupError):
    """A name that is not among the known ones; the message offers the nearest.

    Args:
        kind: what is named, such as "method".
        name: the name that is not known.
        known: the names that are.
        otherwise: what else to do, said where no known name is near.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], *, otherwise: str = "") -> None:
        known = sorted(known)
        near = _nearest(name, known)
        listed = (
            f"there are {len(known)}" if len(known) > MOST_LISTED else f"choose one of: {', '.join(known) or 'none'}"
        )
        hint = f"{listed}{f'; {otherwise}' if otherwise else ''}"
        if near is not None:
            hint = f"did you mean {near!r}?"
        super().__init__(f"unknown {kind} {name!r}; {hint}")


def _nearest(name: str, known: Sequence[str]) -> str | None:
    """Return the known name that was probably meant: one spelt alike, else one of which a part was given.

    Case and what parts words do not count.
    """
    folded: dict[str, str] = {}
    for one in known:
        folded.setdefault(_folded(one), one)
    if alike := difflib.get_close_matches(_folded(name), folded, n=1, cutoff=0.7):
        return folded[alike[0]]
    parts = [one for form, one in folded.items() if _folded(name) in form] if len(name) >= 3 else []
    return min(parts, key=len, default=None)


def _folded(name: str) -> str:
    """Return a name in lower case, with hyphens and spaces as underscores."""
    return name.casefold().replace("-", "_").replace(" ", "_")


class DuplicateNameError(FrontrunnerError):
    """Two origins claim one name."""


class ConfigError(FrontrunnerError, ValueError):
    """A value of the right name and the wrong kind or range."""


class PluginError(ConfigError):
    """Code of a plugin that raised what Frontrunner does not; `__cause__` is what it raised."""


class PreferenceError(FrontrunnerError, ValueError):
    """Not a point of the simplex, or one that a finite set does not hold."""


class UnsupportedError(FrontrunnerError):
    """A learner asks what this problem cannot give; no setting changes that."""


class DataError(FrontrunnerError):
    """Shipped or cached data that is missing or damaged."""


class DivergenceError(FrontrunnerError):
    """Training ran into NaN or infinity."""


class RankError(FrontrunnerError):
    """Another process of a fit on several devices has ended or does not answer."""


class StoreError(FrontrunnerError):
    """The store cannot be created, read or written."""


class UnreadableError(StoreError):
    """A recorded file that this process cannot read now; another time or a newer version may."""


class ServerAwayError(UnreadableError):
    """The MLflow server of a store does not answer; what was to be recorded waits on this machine."""


class ClaimedError(StoreError):
    """Another machine runs the cell, or has just finished it."""


class CellError(FrontrunnerError):
    """A cell that was started and did not finish."""
