"""Files of data sets as people give them: which there are, by split, and whether they are what they seem to be."""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import DataError
from ...os_errors import because
from ...regular_file import check_regular
from ..left_out import and_others
from ..suite_file.schema import ONE_FILE
from ..weight_files.refused_files import LFS

_SHARD = re.compile(r"(?P<split>.+)-(?P<shard>\d{5})-of-(?P<shards>\d{5})")
"""How the hub calls the parts of a split."""


def given_path(base: Path, given: str) -> Path:
    """Return a path as the suite file means it."""
    try:
        return base / Path(given).expanduser()
    except RuntimeError as error:
        raise DataError(f"{given!r} cannot be found: {error}") from error


def require_data_file(file: Path) -> None:
    """Refuse a file that is missing, empty, no regular file, or a pointer of Git LFS in the place of a file.

    Raises:
        DataError: it is.
    """
    try:
        check_regular(file)
        with file.open("rb") as opened:
            begins = opened.read(len(LFS))
    except FileNotFoundError as error:
        beside = sorted(path.name for path in file.parent.glob(f"*{file.suffix}"))[:5] if file.parent.is_dir() else []
        seen = f"{file.parent} holds {', '.join(beside)}" if beside else _nearest_folder(file)
        raise DataError(f"{file} does not exist; {seen}") from error
    except OSError as error:
        raise DataError(f"{file} cannot be read {because(error)}") from error
    if not begins:
        raise DataError(f"{file} is empty")
    if begins == LFS:
        raise DataError(f"{file} is a pointer of Git LFS, not the file itself; run `git lfs pull` in its repository")


def files_by_split(base: Path, given: str | Mapping[str, str], suffix: str) -> dict[str, tuple[Path, ...]]:
    """Return the files of every split, by the data's own names of splits.

    Args:
        base: where relative paths start.
        given: a file, a folder or a pattern, of which the files' names tell the split; or one a split.
        suffix: of such files, such as ".parquet".

    Raises:
        DataError: there are none, or parts of a split are missing.
    """
    if not isinstance(given, str):
        return {split: tuple(_found(base, path, suffix)) for split, path in given.items()}
    if given_path(base, given).is_file():
        return {ONE_FILE: tuple(_found(base, given, suffix))}
    by_split: dict[str, list[Path]] = {}
    for file in _found(base, given, suffix):
        by_split.setdefault(split_of(file), []).append(file)
    for split, parts in by_split.items():
        _require_all_shards(split, parts)
    return {split: tuple(parts) for split, parts in by_split.items()}


def split_of(file: Path) -> str:
    """Return the split that a name tells: train of train.tsv, train-00000-of-00018.parquet and train/0.parquet."""
    if shard := _SHARD.fullmatch(file.stem):
        return shard["split"]
    return file.parent.name if re.fullmatch(r"\d+", file.stem) else file.stem


def _found(base: Path, given: str, suffix: str) -> list[Path]:
    """Return the files that a path or pattern leads to, in order of name."""
    path = given_path(base, given)
    if path.is_dir():
        found = sorted(file for file in path.rglob(f"*{suffix}") if not _is_hidden(file.relative_to(path)))
        if not found:
            raise DataError(f"the folder {path} {_holds(path)}, expected {suffix} files")
        return found
    if re.search(r"[*?\[]", given) and not path.exists():
        found = sorted(Path(name) for name in glob.glob(str(path), recursive=True) if Path(name).is_file())
        if not found:
            raise DataError(f"no file matches {path}; {_nearest_folder(path)}")
        return found
    require_data_file(path)
    return [path]


def _require_all_shards(split: str, files: Sequence[Path]) -> None:
    """Refuse a split of which parts are missing, or which several configurations have."""
    folders = sorted({str(file.parent) for file in files})
    if len(folders) > 1:
        raise DataError(
            f"the split {split!r} is in {len(folders)} folders, {folders[0]} and {folders[1]}; give one of them, or by "
            f"`config` the configuration of a hub data set"
        )
    shards = [shard for file in files if (shard := _SHARD.fullmatch(file.stem))]
    if not shards:
        return
    of = {int(shard["shards"]) for shard in shards}
    missing = sorted(set(range(max(of))) - {int(shard["shard"]) for shard in shards})
    if len(of) > 1 or missing:
        name = f"{split}-{missing[0] if missing else 0:05}-of-{max(of):05}{files[0].suffix}"
        raise DataError(
            f"the split {split!r} has {len(files)} of {max(of)} parts in {files[0].parent}; {name} is missing, or "
            f"parts of another version lie beside it"
        )


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _holds(folder: Path) -> str:
    names = sorted(path.name + ("/" if path.is_dir() else "") for path in folder.iterdir())
    return f"holds {', '.join(names[:5])}{and_others(len(names) - 5)}" if names else "is empty"


def _nearest_folder(path: Path) -> str:
    """Say how far a path exists."""
    there = next((parent for parent in path.parents if parent.is_dir()), None)
    return f"{there} {_holds(there)}" if there is not None and there != Path(there.anchor) else "check the path"
