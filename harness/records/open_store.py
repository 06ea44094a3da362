"""Open the store that a command names: a folder, or the address of an MLflow server."""

from __future__ import annotations

import os
from pathlib import Path

from .server_address import ServerAddress
from .store import Store, store_folder

StorePlace = Path | ServerAddress
"""Where a store is."""


def store_place(chosen: str | Path | None) -> StorePlace:
    """Return the chosen folder or address, else that of `FRONTRUNNER_STORE`, else `mlruns` in the working directory.

    Raises:
        ConfigError: it is an address that no store can have.
    """
    named = str(chosen or os.environ.get("FRONTRUNNER_STORE") or "")
    return ServerAddress.parse(named) or store_folder(chosen)


def open_store(place: StorePlace, *, create: bool, limit_s: float | None = None) -> Store:
    """Open the store in a folder or behind an address; with `create`, a folder without one gets a new one.

    Args:
        place: where it is.
        create: whether to make one.
        limit_s: seconds to wait for a locked database or an absent server, now and later; as usual when None.

    Raises:
        StoreError: it cannot be used, or there is none and `create` is not set.
    """
    if isinstance(place, ServerAddress):
        from .shared_store import SharedStore

        return SharedStore(place, limit_s=limit_s)
    opened = Store(place, create=create)
    if limit_s is not None:
        opened.patience.limit_s = limit_s
    return opened


def is_there(place: StorePlace) -> bool:
    """Return whether a store was made in a folder; a server is taken to be there."""
    return isinstance(place, ServerAddress) or (place / "mlflow.db").exists()


def own_folder(place: StorePlace) -> Path:
    """Return the folder of this machine that belongs to a store."""
    return place.folder if isinstance(place, ServerAddress) else place
