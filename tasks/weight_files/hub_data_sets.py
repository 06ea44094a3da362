"""Data sets of the Hugging Face hub, as Parquet: those that are on this machine already, else fetched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ...errors import DataError
from .hub import TIMEOUT_S, fetched, on_this_machine

CONVERTED = "refs/convert/parquet"
"""The branch on which the hub itself keeps a data set as Parquet."""


def fetch_data_set(repo_id: str, config: str | None = None, *, splits: Sequence[str] | None = None) -> Path:
    """Return the folder that holds the Parquet files of a data set of the hub, downloaded unless it is there already.

    Args:
        repo_id: the data set's id.
        config: its configuration; may be None where it has one only.
        splits: the hub's names of the splits that are wanted; all when None.

    Raises:
        DataError: there is no network or no such data set, or the configuration is not among its own; the message
            gives the command that fetches it.
    """
    from huggingface_hub import HfApi, snapshot_download

    for revision in (None, CONVERTED):
        there = on_this_machine(repo_id, "dataset", revision)
        if there is not None:
            names = [file.relative_to(there).as_posix() for file in there.rglob("*.parquet")]
            folder = _folder_of(names, config)
            if folder is not None and all(_of_splits(names, folder, [split]) for split in splits or ()):
                return there / folder

    def fetch() -> str:
        for revision in (None, CONVERTED):
            info = HfApi().dataset_info(repo_id, revision=revision, timeout=TIMEOUT_S)
            names = [file.rfilename for file in info.siblings or [] if file.rfilename.endswith(".parquet")]
            if names:
                folder = _folder_of(names, config)
                if folder is None:
                    raise DataError(_choice(repo_id, names, config))
                wanted = _of_splits(names, folder, splits)
                missing = [split for split in splits or () if not _of_splits(names, folder, [split])]
                if missing:
                    raise DataError(_no_split(repo_id, names, folder, missing[0]))
                whole = snapshot_download(repo_id, repo_type="dataset", revision=revision, allow_patterns=wanted)
                return str(Path(whole) / folder)
        raise DataError(f"the data set {repo_id!r} has no Parquet files; download it in another format and name that")

    return fetched(f"data set {repo_id!r}", f"hf download --repo-type dataset {repo_id}", fetch)


def _folder_of(names: Sequence[str], config: str | None) -> str | None:
    """Return the folder of a configuration's Parquet files, "" for the snapshot itself; None where it is not clear.

    A data set of one configuration may hold them in `data` or in no folder.
    """
    folders = _folders(names)
    if config in folders:
        return config
    is_only = len(folders) == 1 and (config in (None, "default") or folders[0] in ("", "data"))
    return folders[0] if is_only else None


def _of_splits(names: Sequence[str], folder: str, splits: Sequence[str] | None) -> list[str]:
    """Return the Parquet files of some splits of a configuration: `train-0...parquet` or `train/0.parquet`."""
    within = [name for name in names if not folder or name.startswith(f"{folder}/")]
    return [name for name in within if splits is None or _split_of(name.removeprefix(f"{folder}/")) in splits]


def _split_of(name: str) -> str:
    """Return the split that a Parquet file is named for, relative to its configuration's folder."""
    first = name.split("/")[0]
    return re.sub(r"(-\d+-of-\d+|-\d+)?(\.parquet)?$", "", first)


def _no_split(repo_id: str, names: Sequence[str], folder: str, split: str) -> str:
    """Return the message for a split that a data set does not have."""
    found = sorted({_split_of(name.removeprefix(f"{folder}/")) for name in _of_splits(names, folder, None)})
    return f"the data set {repo_id!r} has the splits {', '.join(found)}, none is called {split!r}; name one in `splits`"


def _choice(repo_id: str, names: Sequence[str], config: str | None) -> str:
    """Return the message for a configuration that is not named, or not among a data set's own."""
    found = "none was named" if config is None else f"none is called {config!r}"
    return f"the data set {repo_id!r} has the configurations {', '.join(_folders(names))}, and {found}; set `config`"


def _folders(names: Sequence[str]) -> list[str]:
    return sorted({name.split("/")[0] if "/" in name else "" for name in names})
