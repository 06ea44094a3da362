"""Name the tags of MLflow runs, and tell those of the store from those of the environment."""

from __future__ import annotations

from collections.abc import Mapping

PREFIX = "frontrunner."
"""Beginning of the name of every tag that Frontrunner sets, except those that MLflow defines."""
PARENT = "mlflow.parentRunId"
"""MLflow's tag of the run above a run: that of the bench or study."""
NOTE = "mlflow.note.content"
"""The tag that MLflow's UI shows as a run's description, in Markdown."""
SUMMARISED = f"{PREFIX}summarised"
"""The tag with the digest of what a bench's or a study's run was last summarised from."""
IMPORTED_FROM = f"{PREFIX}imported_from"
"""The tag that names the bundle a run was imported from."""
SUITE_FILE = f"{PREFIX}suite_file"
"""The tag that names the file that a run's suite was read from."""
FORGOTTEN = f"{PREFIX}forgotten"
"""The tag of a run that `frontrunner forget` has deleted in MLflow, with its cell."""
HOST = f"{PREFIX}host"
"""The tag of the machine that runs, or ran, an attempt, or has imported its result."""
MISFIT = f"{PREFIX}misfit"
"""The tag of an unsupported run whose learner could be fitted with other options."""
SUITE = f"{PREFIX}suite"
"""The tag of an experiment on a server that names the suite whose runs it holds."""
OWNER = f"{PREFIX}owner"
"""The tag that says which machine's work folder has claimed a run's cell, see `claims`."""
HEARTBEAT = f"{PREFIX}heartbeat"
"""The tag with the time (seconds since 1970) at which the owner of a claim was last known to live."""
CLAIM = f"{PREFIX}claim"
"""The tag that says how far a claim is: `asking`, then `held`."""

WARNINGS = f"{PREFIX}warnings"
"""The tag that says of a finished cell by which signs its set has collapsed; absent from a healthy one."""

OWN_TAGS = frozenset(
    {"kind", "bench", "study", "study_name", "recorded", "cell", "spec", "method", "label", "group", "status", "reason"}
    | {"digests", "reference_front", "hypervolume_exact", "imported_from", "suite_file", "misfit", "forgotten", "host"}
    | {"warnings", "suite", "owner", "heartbeat", "claim"}
)
"""Tags that the store sets, without the prefix they share with the tags of the environment."""


def environment_of(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the versions and the machine that a run was made with, by name."""
    return {
        name.removeprefix(PREFIX): value
        for name, value in tags.items()
        if name.startswith(PREFIX) and name.removeprefix(PREFIX).partition(".")[0] not in OWN_TAGS
    }
