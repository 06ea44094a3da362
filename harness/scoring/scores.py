"""Values of the indicators of one recorded front; what has no meaning for it is absent."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from ...errors import ConfigError, FrontError, FrontrunnerError
from ...metrics import INDICATORS, Indicator, ReferenceFront, ScoringInput
from ..records.front_record import FrontRecord

HYPERVOLUME_ERROR = "hypervolume_error"
"""Half width of the hypervolume's 95 % interval where it is an estimate; absent where it is exact."""


def own_indicators() -> dict[str, Indicator]:
    """Return the registered indicators that look at a front by itself, by name and version."""
    return _instances(of_the_reference=False)


def reference_indicators() -> dict[str, Indicator]:
    """Return the registered indicators that measure a front against a reference, by name and version."""
    return _instances(of_the_reference=True)


def own_scores(record: FrontRecord) -> dict[str, float]:
    """Return what every indicator says of a recorded front by itself, by indicator's name.

    Raises:
        FrontError: its hypervolume is too large for a float.
        ConfigError: an indicator of a third party fails.
    """
    return named(values(record.to_score(), own_indicators()))


def reference_scores(record: FrontRecord, reference: ReferenceFront) -> dict[str, float]:
    """Return what every indicator says of a recorded front against a reference front, by indicator's name."""
    return named(values(record.to_score(reference), reference_indicators()))


def values(scored: ScoringInput, indicators: dict[str, Indicator]) -> dict[str, float | None]:
    """Compute indicators of one front: name and version -> value, None where it has none.

    Raises:
        FrontError: the hypervolume is too large for a float.
        ConfigError: an indicator fails, or gives something other than a finite number or None.
    """
    found: dict[str, float | None] = {}
    for key, indicator in indicators.items():
        if indicator.name == "hypervolume" and not scored.volume.exact:
            found[HYPERVOLUME_ERROR] = scored.volume.error
        found[key] = _value(indicator, scored)
    return found


def named(found: dict[str, float | None], wanted: Collection[str] | None = None) -> dict[str, float]:
    """Drop versions and absent values: indicator's name -> value, of the `wanted` keys only unless None."""
    return {
        key.partition(" ")[0]: value
        for key, value in found.items()
        if value is not None and (wanted is None or key in wanted or key == HYPERVOLUME_ERROR)
    }


def _instances(*, of_the_reference: bool) -> dict[str, Indicator]:
    made = (INDICATORS.get(name)() for name in INDICATORS.entries())
    return {f"{one.name} {one.version}": one for one in made if ("reference" in one.needs) == of_the_reference}


def _value(indicator: Indicator, scored: ScoringInput) -> float | None:
    try:
        value: Any = indicator.value(scored)
        found = None if value is None else float(value)
    except FrontError:
        if indicator.name == "hypervolume":
            raise
        return None  # too large for a float, or of losses that are not finite
    except FrontrunnerError:
        raise
    except Exception as error:
        origin = INDICATORS.origin(indicator.name)
        what = f"the indicator {indicator.name!r} of {origin} failed"
        raise ConfigError(f"{what} ({type(error).__name__}: {error})") from error
    if found is not None and not math.isfinite(found):
        raise ConfigError(
            f"the indicator {indicator.name!r} was to give a finite number, or None where it has no meaning, "
            f"found {found}"
        )
    return found
