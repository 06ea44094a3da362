"""A mark of options that came after cells had been recorded, so that the keys of these stay."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AddedLater:
    """Says, inside `Annotated`, that an option is left out of records while it has its default.

    A record without it means the default, which must therefore do what was done before the option was there.
    """
