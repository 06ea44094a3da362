"""Before a command reads a store: records the results that an earlier command had to leave unrecorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import StoreError

if TYPE_CHECKING:
    from ..records.store import Store


def record_left_behind(store: Store) -> None:
    """Record finished cells that were left behind in a store, and say so on standard error.

    Where the store cannot be written, that is said too, since what is recorded can be read all the same.
    """
    from ..records.unrecorded import has_left_behind

    if not has_left_behind(store):  # what follows imports torch
        return
    from ..reports.publish import publish_left_behind

    try:
        for note in publish_left_behind(store):
            store.patience.say(note)
    except (StoreError, OSError) as error:  # an OSError where not even a lock can be written
        store.patience.say(f"results that an earlier command could not record are still left out: {error}")
