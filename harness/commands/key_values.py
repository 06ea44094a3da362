"""Reading `key=value` from the command line."""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import ConfigError


def read_pairs(flag: str, pairs: Iterable[str], form: str = "key=value") -> dict[str, str]:
    """What `flag` was given, values still as text; `form` is what messages call a pair.

    Raises:
        ConfigError: no `=`, or a key twice.
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
    """A preference as `task=weight,task=weight`.

    Raises:
        ConfigError: not of this form, a task twice, or a weight that is no number.
    """
    weights = {}
    for task, value in read_pairs("--preference", text.split(","), "task=weight").items():
        try:
            weights[task] = float(value)
        except ValueError as error:
            raise ConfigError(f"--preference expects task=weight, found {f'{task}={value}'!r}") from error
    return weights
