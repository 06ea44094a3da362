"""The folder of a suite: made part by part, so that a script that was stopped goes on with the part it was at."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ...errors import DataError
from ...file_digest import digest_files
from ...os_errors import because
from ...utf8_file import read_utf8
from ...whole_file import replacing
from .recipes import RealTextRecipe

RECIPE = "recipe.json"
"""The file that says what a folder is made by."""
LOCK = ".lock"
MAX_RECIPE_BYTES = 100_000


@contextlib.contextmanager
def opened_folder(folder: Path, name: str, recipe: RealTextRecipe) -> Iterator[None]:
    """Hold the folder of a suite for this process alone; it is made where there is none.

    Args:
        folder: the folder.
        name: the suite's name among the recipes.
        recipe: how it is made.

    Raises:
        DataError: the folder holds something else, was made by another recipe, is in use, or cannot be made.
    """
    try:
        if folder.is_dir() and not (folder / RECIPE).is_file():
            held = sorted(child.name for child in folder.iterdir() if child.name != LOCK)
            if held:
                raise DataError(
                    f"expected {folder} to be empty or made by this script, found {', '.join(held[:3])} in it and no "
                    f"{RECIPE}; give another folder"
                )
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK, timeout=0):
            _require_same_recipe(folder, _described(name, recipe))
            yield
    except Timeout as error:
        raise DataError(f"another process is making {folder}; wait for it, or give another folder") from error
    except OSError as error:
        raise DataError(f"the suite cannot be written to {folder} {because(error)}; give another folder") from error


def made_part(part: Path, make: Callable[[Path], None]) -> None:
    """Make a folder that is a part of a suite, whole or not at all, unless it is there.

    Args:
        part: the folder.
        make: function that fills the folder that it is given, which is then renamed.
    """
    if part.is_dir():
        return
    partial = part.with_name(f"{part.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a process that was stopped; the folder is this one's alone
    partial.mkdir(parents=True)
    make(partial)
    os.replace(partial, part)


def _described(name: str, recipe: RealTextRecipe) -> dict[str, Any]:
    """Return what decides the content of a suite's folder."""
    return {
        "suite": name,
        "package": f"{recipe.package.name} {recipe.package.version}",
        "fine_tuning": dataclasses.asdict(recipe.fine_tuning),
        "seed": recipe.seed,
        "suite_file": digest_files(recipe.template),
    }


def _require_same_recipe(folder: Path, described: dict[str, Any]) -> None:
    """Write down the recipe of a new folder, and hold that of an old one against it."""
    file = folder / RECIPE
    if not file.exists():
        with replacing(file) as partial:
            partial.write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
        return
    try:
        found = json.loads(read_utf8(file, MAX_RECIPE_BYTES))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise DataError(f"expected {file} to be what this script wrote, found something else; give another folder")
    for key, expected in described.items():
        if found.get(key) != expected:
            raise DataError(
                f"{folder} was made by another recipe: expected {key} {expected!r}, found {found.get(key)!r}; give "
                "another folder, or remove this one to make it anew"
            )
