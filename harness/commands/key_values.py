"""Reads `key=value` pairs from the command line."""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import ConfigError


def read_pairs(flag: str, pairs: Iterable[str], form: str = "key=value") -> dict[str, str]:
    """Read pairs as a mapping, with the values still as text.

    Args:
        flag: the option they were given to, for messages.
        pairs: each `key=value`; spaces around both are dropped.
        form: what messages call a pair.

    Raises:
        ConfigError: a pair has no `=`, or a key comes twice.
    """
    found_pairs: dict[str, str] = {}
    for pair in pairs:
        key, found, value = (part.strip() for part in pair.partition("="))
        if not found:
            raise ConfigError(f"{flag} expects {form}, found {pair!r}")
        if key in found_pairs:
            raise ConfigError(f"{flag} was given {key!r} twice, as {found_pairs[key]!r} and as {value!r}")
        found_pairs[key] = value
    return found_pairs


def read_weights(text: str) -> dict[str, float]:
    """Read a preference written as `task=weight,task=weight`; whether it is a point of the simplex is not checked.

    Raises:
        ConfigError: the text is not of this form, names a task twice, or holds a weight that is no number.
    """
    weights = {}
    for task, value in read_pairs("--preference", text.split(","), "task=weight").items():
        try:
            weights[task] = float(value)
        except ValueError as error:
            raise ConfigError(f"--preference expects task=weight, found {f'{task}={value}'!r}") from error
    return weights
