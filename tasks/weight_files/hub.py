"""Models and data sets of the Hugging Face hub: those that are on this machine already, else fetched."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from ...errors import DataError, FrontrunnerError, UnknownNameError
from ...one_line import as_one_line
from .weight_folder import SUFFIXES, holds_weights

_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9_][\w.-]*)?")
_BESIDE = (".json", ".txt", ".model")
"""Configurations and tokenizers."""
TIMEOUT_S = 10.0
"""Of the first question to the hub; without a network, nobody wants to wait for minutes."""
CONVERTED = "refs/convert/parquet"
"""The branch on which the hub itself keeps a data set as Parquet."""


def looks_like_hub_id(text: str) -> bool:
    """Return whether a text may be the id of a repository on the hub, such as `openai/clip-vit-base-patch32`.

    So may the path of a file of weights or a folder in one, such as `owner/name/cars/finetuned.pt`. Paths on this
    machine may look the same: ask first whether there is such a file.
    """
    parts = text.split("/")
    repository = "/".join(parts[:2])
    return (
        _ID.fullmatch(repository) is not None
        and all(part.strip(".") and re.fullmatch(r"[\w. -]+", part) for part in parts)
        and not repository.endswith((*SUFFIXES, ".git", ".json", ".yaml", "."))
        and not any(twice in repository for twice in ("--", ".."))
    )


def fetch_model(hub_id: str) -> Path:
    """Return the folder of a model of the hub, downloaded unless it is there already.

    Of a repository that has safetensors, other formats of the weights are left out.

    Args:
        hub_id: the repository; or a file of weights or a folder in one, as `owner/name/cars/finetuned.pt`, which is
            returned then.

    Raises:
        DataError: there is no network or no such model; the message gives the command that fetches it.
        UnknownNameError: the model has no such file.
    """
    from huggingface_hub import HfApi, snapshot_download

    owner_name, inner = "/".join(hub_id.split("/")[:2]), "/".join(hub_id.split("/")[2:])
    there = _local(owner_name, "model")
    if there is not None and (within := there / inner).exists() and (within.is_file() or holds_weights(within)):
        return within

    def fetch() -> str:
        # Asked first: unlike downloads, this question is not repeated for half a minute without a network.
        siblings = HfApi().model_info(owner_name, timeout=TIMEOUT_S).siblings or []
        wanted = _wanted(owner_name, inner, [file.rfilename for file in siblings])
        return str(Path(snapshot_download(owner_name, allow_patterns=wanted)) / inner)

    part = f" {shlex.quote(inner)}" if inner.endswith(SUFFIXES) else f" --include {shlex.quote(f'{inner}/*')}"
    return _fetched(f"model {hub_id!r}", f"hf download {owner_name}{part if inner else ''}", fetch)


def _wanted(owner_name: str, inner: str, names: Sequence[str]) -> list[str]:
    """Return the files of a repository to download for a file or folder of it.

    Raises:
        DataError: there are no weights among them.
    """
    if inner.endswith(SUFFIXES):
        if inner not in names:
            raise UnknownNameError(f"file of the model {owner_name!r}:", inner, filter(_is_weights, names))
        return [inner]
    folder = f"{inner}/" if inner else ""
    names = [name for name in names if name.startswith(folder) and "/" not in name.removeprefix(folder)]
    if not any(map(_is_weights, names)):
        raise DataError(f"the model {owner_name!r} holds no weights{f' in {inner}' if inner else ''} that are read")
    suffixes = (SUFFIXES[0],) if any(name.endswith(SUFFIXES[0]) for name in names) else SUFFIXES
    return [name for name in names if name.endswith((*suffixes, *_BESIDE))]


def _is_weights(name: str) -> bool:
    return name.endswith(SUFFIXES)


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
        there = _local(repo_id, "dataset", revision)
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

    return _fetched(f"data set {repo_id!r}", f"hf download --repo-type dataset {repo_id}", fetch)


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


def _local(repo_id: str, repo_type: str, revision: str | None = None) -> Path | None:
    """Return the folder of a repository's snapshot on this machine, if there is one; asks nobody."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        return Path(snapshot_download(repo_id, repo_type=repo_type, revision=revision, local_files_only=True))
    except HFValidationError as error:
        raise DataError(f"{repo_id!r} is no id on the Hugging Face hub ({as_one_line(str(error), 200)})") from error
    except OSError:  # none, or none of this revision
        return None


def _fetched(what: str, command: str, fetch: Callable[[], str]) -> Path:
    """Return the folder that a download gave.

    Raises:
        DataError: it failed.
    """
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    try:
        return Path(fetch())
    except FrontrunnerError:
        raise
    except GatedRepoError as error:
        raise DataError(
            f"the {what} is given only to those who agree to its terms; do so on its page, log in by `hf auth login`, "
            f"and run `{command}`"
        ) from error
    except RepositoryNotFoundError as error:
        raise DataError(
            f"the Hugging Face hub has no {what} that you may read; check the id, or log in by `hf auth login`"
        ) from error
    except Exception as error:  # of whatever HTTP library huggingface_hub uses, or of the disk
        raise DataError(
            f"the {what} is not on this machine and cannot be fetched ({as_one_line(str(error), 200)}); "
            f"where there is a network, run `{command}`"
        ) from error
