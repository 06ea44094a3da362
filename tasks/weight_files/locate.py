"""Where the weights are that a suite file names: on this machine, or on the Hugging Face hub."""

from __future__ import annotations

import difflib
from pathlib import Path

from ...errors import DataError
from .hub import fetch_model, looks_like_hub_id


def locate_weights(given: str, folder: Path) -> Path:
    """Return the file or folder of weights that a text names; what is on the hub alone is fetched.

    Args:
        given: a path, or the id of a model on the hub, or the path of a file or folder in one.
        folder: where relative paths start.

    Raises:
        DataError: there is none on this machine, and none can be fetched; the message says where it was looked for.
    """
    path = folder / Path(given).expanduser()
    if path.exists():
        return path
    is_id = looks_like_hub_id(given) and not (folder / given.split("/")[0]).exists()
    if not is_id:
        raise DataError(f"there is no {path}; {nearest_path(path)}")
    try:
        return fetch_model(given)
    except DataError as error:
        raise DataError(f"there is no {path}, and {error}") from error


def nearest_path(path: Path) -> str:
    """Return what a message says about a path that leads nowhere: the nearest name, or what is there instead."""
    folder = path.absolute().parent
    missing = path.name
    while not folder.is_dir():
        missing, folder = folder.name, folder.parent
    names = sorted(child.name for child in folder.iterdir())
    by_stem = {Path(name).stem: name for name in names} | {name: name for name in names}  # suffixes are left out often
    if near := difflib.get_close_matches(missing, by_stem, n=1):
        return f"did you mean {folder / by_stem[near[0]]}?"
    held = f"holds {', '.join(names[:5])}{' and more' if len(names) > 5 else ''}" if names else "is empty"
    return f"{folder} {held}"
