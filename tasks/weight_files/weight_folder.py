"""Finding the files of one model's weights in a folder, as Hugging Face and open_clip lay them out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...os_errors import because
from ...regular_file import check_regular
from .refused_files import OTHER_SUFFIXES

SUFFIXES = (".safetensors", ".pt", ".pth", ".bin", ".ckpt")
"""How files of weights end, by preference."""
_OPEN_CLIP = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin", "open_clip_model.bin")
_HUGGING_FACE = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
_NO_MODEL = ("optimizer", "scheduler", "training_args", "rng_state", "scaler")
"""How files begin that training scripts write beside the weights."""
LARGEST_JSON = 64_000_000
"""Bytes of a configuration or an index of shards; those of real models have some hundred kB."""


@dataclass(frozen=True)
class WeightLayout:
    """The files of one model."""

    files: tuple[Path, ...]
    """One file, or its shards."""
    index: Path | None
    """The list of shards."""
    config: Path | None
    """The configuration beside the weights."""


def layout_of_file(file: Path) -> WeightLayout:
    """Return the layout of one file; its configuration counts if the file is called as in a library's folder."""
    config = None
    if file.name in _OPEN_CLIP:
        config = file.with_name("open_clip_config.json")
    elif file.name in _HUGGING_FACE:
        config = file.with_name("config.json")
    config = config if config is not None and config.is_file() else None
    if not file.name.endswith(".index.json"):
        return WeightLayout((file,), None, config)
    shards = _json_object(file, str(file)).get("weight_map")
    names = list(dict.fromkeys(shards.values())) if isinstance(shards, Mapping) else []
    if not names or any(not isinstance(name, str) or Path(name).name != name for name in names):
        raise DataError(f"{file} names no shards of weights in its folder; download the model again")
    missing = [name for name in names if not (file.parent / name).is_file()]
    if missing:
        raise DataError(
            f"{file.parent} lacks {len(missing)} of {len(names)} shards of its weights, such as {missing[0]}; "
            "download the model again"
        )
    return WeightLayout(tuple(file.parent / name for name in names), file, config)


def layout_of_folder(folder: Path, source: str, *, library: str = "") -> WeightLayout:
    """Return the layout of a folder's weights.

    Args:
        folder: the folder.
        source: what messages call it.
        library: `open_clip` where its own files are meant in a folder that holds other libraries' too.

    Raises:
        DataError: there are none, or several.
    """
    try:
        present = sorted(child.name for child in folder.iterdir())
    except OSError as error:
        raise DataError(f"{source} cannot be read {because(error)}") from error
    orders = (*_OPEN_CLIP, *_HUGGING_FACE) if library == "open_clip" else (*_HUGGING_FACE, *_OPEN_CLIP)
    for name in orders:
        if name in present:
            return layout_of_file(folder / name)
    others = [name for name in present if _is_weights(folder / name)]
    of_one_kind = next(
        (found for suffix in SUFFIXES if (found := [name for name in others if Path(name).suffix == suffix])), []
    )
    if len(of_one_kind) == 1:
        return layout_of_file(folder / of_one_kind[0])
    if of_one_kind:
        raise DataError(f"{source} holds several files of weights, {_listed(of_one_kind)}; give one of them")
    raise DataError(_without_weights(folder, present, source))


def holds_weights(folder: Path) -> bool:
    """Return whether a folder holds weights, all shards of them."""
    try:
        layout_of_folder(folder, str(folder))
    except DataError:
        return False
    return True


def read_config(layout: WeightLayout) -> Mapping[str, Any]:
    """Return the JSON configuration beside the weights; empty where there is none.

    Raises:
        DataError: it cannot be read, or is no JSON object.
    """
    return {} if layout.config is None else _json_object(layout.config, str(layout.config))


def _without_weights(folder: Path, present: Sequence[str], source: str) -> str:
    """Return the message for a folder without weights: where they are, or what is there instead."""
    below = [
        child.relative_to(folder).as_posix()
        for depth in ("*", "*/*")
        for child in sorted(folder.glob(depth))
        if child.is_dir() and any(_is_weights(file) for file in child.iterdir())
    ]
    if below:
        return f"{source} holds no weights itself, but {_listed(below)} in it {_do(below)}; give that folder"
    foreign = [name for name in present if Path(name).suffix in OTHER_SUFFIXES]
    if foreign:
        return f"{source} holds {_listed(foreign)}, which is not read; give PyTorch weights, best as safetensors"
    held = _listed(present) if present else "nothing"
    return f"{source} holds no weights, such as model.safetensors, but {held}; give a folder or file that does"


def _is_weights(file: Path) -> bool:
    return file.suffix in SUFFIXES and file.is_file() and not file.name.startswith(_NO_MODEL)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _do(names: Sequence[str]) -> str:
    return "does" if len(names) == 1 else "do"


def _json_object(file: Path, source: str) -> Mapping[str, Any]:
    try:
        check_regular(file)
        if file.stat().st_size > LARGEST_JSON:
            raise DataError(f"{source} has more than {LARGEST_JSON:,} bytes, too many for JSON beside weights")
        found: object = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{source} cannot be read {because(error)}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{source} is no JSON ({error}); download it again") from error
    if not isinstance(found, Mapping):
        raise DataError(f"{source} must hold a JSON object, found {type(found).__name__}; download it again")
    return found
