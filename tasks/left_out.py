"""How a list in a message ends that names only the first few of many."""

from __future__ import annotations


def and_others(n: int, one: str = "other", several: str = "others") -> str:
    """Return ` and 3 others` for the number of those that a list leaves out; nothing for 0 and fewer.

    Args:
        n: how many.
        one: what to call a single one.
        several: what to call more.
    """
    return f" and {n} {one if n == 1 else several}" if n > 0 else ""
