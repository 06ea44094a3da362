"""Tags of runs in MLflow: which are Frontrunner's own, and what the others say."""

from __future__ import annotations

from collections.abc import Mapping

PREFIX = "frontrunner."
NOTE = "mlflow.note.content"
"""The tag that MLflow's UI shows as a run's description, in Markdown."""
IMPORTED_FROM = f"{PREFIX}imported_from"
"""Names the bundle that a run came from."""

OWN_TAGS = frozenset(
    {"kind", "bench", "study", "study_name", "recorded", "cell", "spec", "method", "label", "group", "status", "reason"}
    | {"digests", "reference_front", "hypervolume_exact", "imported_from"}
)
"""What the store says of a run, under the same prefix as the entries of its environment."""


def environment_of(tags: Mapping[str, str]) -> dict[str, str]:
    """Versions and machine that a run was made with and on, by name."""
    return {
        name.removeprefix(PREFIX): value
        for name, value in tags.items()
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in OWN_TAGS
    }
