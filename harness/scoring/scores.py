"""Compute the values of indicators of one recorded front; those that have no meaning for it are absent."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from ...errors import ConfigError, FrontError, FrontrunnerError, PluginError
from ...metrics import INDICATORS, Indicator, ScoringInput
from ...plugin_failure import last_line, with_line
from .measures import HYPERVOLUME_ERROR, registered_indicators


def own_indicators() -> dict[str, Indicator]:
    """Return the registered indicators that need no reference front, by name and version."""
    return _instances(of_the_reference=False)


def reference_indicators() -> dict[str, Indicator]:
    """Return the registered indicators that need a reference front, by name and version."""
    return _instances(of_the_reference=True)


def values(scored: ScoringInput, indicators: dict[str, Indicator]) -> dict[str, float | None]:
    """Return the values of indicators of one front, by name and version; None where one has no meaning for it.

    Raises:
        FrontError: the hypervolume is too large for a float.
        ConfigError: an indicator fails, or gives neither a finite number nor None.
    """
    found: dict[str, float | None] = {}
    for key, indicator in indicators.items():
        if indicator.name == "hypervolume" and not scored.volume.exact:
            found[HYPERVOLUME_ERROR] = scored.volume.error
        found[key] = _value(indicator, scored)
    return found


def by_indicator(found: dict[str, float | None], wanted: Collection[str] | None = None) -> dict[str, float]:
    """Return the values that are not None by the indicator's name alone; only those of `wanted` keys, if given."""
    return {
        key.partition(" ")[0]: value
        for key, value in found.items()
        if value is not None and (wanted is None or key in wanted or key == HYPERVOLUME_ERROR)
    }


def _instances(*, of_the_reference: bool) -> dict[str, Indicator]:
    made = [_made(indicator) for indicator in registered_indicators()]
    return {f"{one.name} {one.version}": one for one in made if ("reference" in one.needs) == of_the_reference}


def _made(indicator: type[Indicator]) -> Indicator:
    try:
        return indicator()
    except (Exception, SystemExit) as error:
        origin = INDICATORS.origin(indicator.name)
        said = f"the indicator {indicator.name!r} of {origin} cannot be made: {last_line(error)}"
        raise PluginError(with_line(said, error)) from error


def _value(indicator: Indicator, scored: ScoringInput) -> float | None:
    try:
        value: Any = indicator.value(scored)
        found = None if value is None else float(value)
    except FrontError:
        if indicator.name == "hypervolume":
            raise
        return None  # it is too large for a float, or needs losses that are not finite
    except FrontrunnerError:
        raise
    except (Exception, SystemExit) as error:
        origin = INDICATORS.origin(indicator.name)
        said = f"the indicator {indicator.name!r} of {origin} failed: {last_line(error)}"
        raise PluginError(with_line(said, error)) from error
    if found is not None and not math.isfinite(found):
        raise ConfigError(
            f"the indicator {indicator.name!r} was to give a finite number, or None where it has no meaning, "
            f"found {found}"
        )
    return found
