"""Before a command goes on: record the results that an earlier command had to leave unrecorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...errors import StoreError
from ..records.database_lock import say_on_standard_error

if TYPE_CHECKING:
    from ..records.open_store import StorePlace
    from ..records.store import Store


def record_and_say(store: Store, *, open_to_write: Callable[[StorePlace], Store] | None = None) -> None:
    """Record finished cells that were left behind in a store, and say so on standard error.

    Where the store cannot be written, that is said too, since what is recorded can be read all the same.

    Args:
        store: the store.
        open_to_write: opens the store in a place such that it can be written, where `store` was opened to be read.
    """
    from ..records.unrecorded import has_left_behind

    if not has_left_behind(store):  # what follows imports torch
        return
    from ..reports.publish import publish_left_behind

    try:
        for note in publish_left_behind(open_to_write(store.place) if open_to_write else store):
            say_on_standard_error(note)
    except (StoreError, OSError) as error:  # an OSError where not even a lock can be written
        say_on_standard_error(f"results that an earlier command could not record are still left out: {error}")
