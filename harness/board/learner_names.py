"""Tell which rows of several boards are one learner, and how it is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from .leaderboard import Board


def joined_keys(boards: Iterable[Board]) -> dict[str, str]:
    """Map the key of every row to that of its learner, which is the key of the learner's first row.

    A budget of all trainings together buys as many steps a training as a suite has models to train, so that one
    learner of a bench has other options, and another key, on every suite. Rows that differ in their steps alone and
    have the same label are one learner, unless two of them stand on one board.
    """
    found: dict[tuple[str, str], list[str]] = {}
    keys: dict[str, str] = {}
    apart: set[tuple[str, str]] = set()
    for board in boards:
        on_board: set[tuple[str, str]] = set()
        for row in board.rows:
            learner = (row.label, row.key_without_steps or row.key)
            if row.key not in keys:
                keys[row.key] = row.key
                found.setdefault(learner, []).append(row.key)
            if learner in on_board:
                apart.add(learner)
            on_board.add(learner)
    for learner, members in found.items():
        if learner not in apart:
            keys |= dict.fromkeys(members, members[0])
    return keys


def labels(boards: Iterable[Board]) -> dict[str, str]:
    """Return the label of every row's learner by the row's key; where two are equal, part of the key is added."""
    boards = list(boards)
    keys = joined_keys(boards)
    first: dict[str, str] = {}
    for board in boards:
        for row in board.rows:
            first.setdefault(keys[row.key], row.label)
    names = told_apart(first)
    return {key: names[learner] for key, learner in keys.items()}


def told_apart(names: Mapping[str, str]) -> dict[str, str]:
    """Return the names by key, with part of the key where two are equal."""
    taken = Counter(names.values())
    return {key: name if taken[name] == 1 else f"{name} [{key[:4]}]" for key, name in names.items()}
