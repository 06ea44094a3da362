"""Find weights in a folder, and tell the pre-trained model from experts by their names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..weight_files.weight_folder import SUFFIXES

DEPTH = 3
"""How far below the folder is looked."""
CONFIGS = ("open_clip_config.json", "config.json")
BEFORE = re.compile(
    r"(^|[^a-z])(pre-?_?trained|base|zero-?_?shot|original|init(ial)?|foundation)([^a-z]|$)", re.IGNORECASE
)
"""What people call the model that they fine-tune."""
EPITHETS = re.compile(
    r"(^|[-_. ])(fine-?_?tuned|ft|expert|best|last|final|model|checkpoint|ckpt|weights|nonlinear)(?=$|[-_. ])",
    re.IGNORECASE,
)
"""What people add to the name of a task when they name its expert."""


@dataclass(frozen=True)
class FoundModel:
    """Weights of one model."""

    path: str
    """Of the file or folder, relative to the searched one, with slashes."""
    name: str
    """What it is called: the name of the file or folder."""
    config: Mapping[str, Any]
    """The configuration beside the weights; empty where there is none."""

    @property
    def is_pretrained(self) -> bool:
        """Whether its name says that others were fine-tuned from it."""
        return BEFORE.search(self.name) is not None

    @property
    def task(self) -> str:
        """The name of the task that an expert is probably of."""
        plain = EPITHETS.sub("", self.name).strip("-_. ")
        return re.sub(r"[^\w\-. ]", "-", plain or self.name)


def find_models(folder: Path) -> list[FoundModel]:
    """Return the models in a folder: folders that hold a configuration beside weights, and single files."""
    found, taken = [], set[Path]()
    for inner in [folder, *_folders(folder, DEPTH)]:
        config = next((inner / name for name in CONFIGS if (inner / name).is_file()), None)
        files = sorted(file for file in inner.iterdir() if file.suffix in SUFFIXES and file.is_file())
        if not files or any(inner.is_relative_to(one) for one in taken):
            continue
        if config is not None or _is_sole(files):
            taken.add(inner)
            found.append(FoundModel(_relative(inner, folder), inner.name, _read(config)))
        else:
            found += [FoundModel(_relative(file, folder), file.stem, {}) for file in files]
    return found


def _is_sole(files: list[Path]) -> bool:
    """Return whether the weights in a folder have no name of their own, so that the folder's says whose they are."""
    return len(files) == 1 and not EPITHETS.sub("", files[0].stem).strip("-_. ")


def _folders(folder: Path, depth: int) -> Iterator[Path]:
    """Yield the folders below one, sorted; hidden ones are left out."""
    for inner in sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith(".")):
        yield inner
        if depth > 1:
            yield from _folders(inner, depth - 1)


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _read(config: Path | None) -> Mapping[str, Any]:
    try:
        content: object = {} if config is None else json.loads(config.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
