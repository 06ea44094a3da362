"""Check what a learner says that its fit looks at, trains and computes."""

from __future__ import annotations

from ...errors import ConfigError
from ...methods import Learner, Needs
from ...one_line import shown


def checked_needs(learner: Learner, returned: object, *, by: str = "needs") -> Needs:
    """Return what a learner's `needs`, or its set, has declared.

    Raises:
        ConfigError: it is something else; the message names the learner.
    """
    if not isinstance(returned, Needs):
        raise ConfigError(f"{by} of {learner.name!r} gave {shown(returned)}, expected a Needs")
    return returned
