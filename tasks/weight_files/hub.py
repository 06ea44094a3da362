"""Models and data sets of the Hugging Face hub: those that are on this machine already, else fetched."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from ...errors import DataError
from ...one_line import as_one_line
from .weight_folder import SUFFIXES, holds_weights

_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9_][\w.-]*)?")
_BESIDE = ("*.json", "*.txt", "*.model")
"""Configurations and tokenizers."""
TIMEOUT_S = 10.0
"""Of the first question to the hub; without a network, nobody wants to wait for minutes."""
CONVERTED = "refs/convert/parquet"
"""The branch on which the hub itself keeps a data set as Parquet."""


def looks_like_hub_id(text: str) -> bool:
    """Return whether a text may be the id of a repository on the hub, such as `openai/clip-vit-base-patch32`.

    Paths of two parts look the same: ask first whether there is such a file.
    """
    return (
        _ID.fullmatch(text) is not None
        and not text.endswith((*SUFFIXES, ".git", ".json", ".yaml", "."))
        and not any(twice in text for twice in ("--", ".."))
    )


def fetch_model(repo_id: str) -> Path:
    """Return the folder of a model of the hub, downloaded unless it is there already.

    Of a repository that has safetensors, other formats of the weights are left out.

    Raises:
        DataError: there is no network or no such model; the message gives the command that fetches it.
    """
    from huggingface_hub import HfApi, snapshot_download

    there = _local(repo_id, "model")
    if there is not None and holds_weights(there):
        return there

    def fetch() -> str:
        names = [file.rfilename for file in HfApi().model_info(repo_id, timeout=TIMEOUT_S).siblings or []]
        suffixes = (".safetensors",) if any(name.endswith(".safetensors") for name in names) else SUFFIXES
        patterns = [*_BESIDE, *(f"*{suffix}" for suffix in suffixes)]
        return snapshot_download(repo_id, allow_patterns=patterns, ignore_patterns=["*/*"])

    return _fetched(f"model {repo_id!r}", f"hf download {repo_id}", fetch)


def fetch_data_set(repo_id: str, config: str | None = None) -> Path:
    """Return the folder that holds the Parquet files of a data set of the hub, downloaded unless it is there already.

    Args:
        repo_id: the data set's id.
        config: its configuration; may be None where it has one only.

    Raises:
        DataError: there is no network or no such data set, or the configuration is not among its own; the message
            gives the command that fetches it.
    """
    from huggingface_hub import HfApi, snapshot_download

    for revision in (None, CONVERTED):
        there = _local(repo_id, "dataset", revision)
        if there is not None:
            folder = _folder_of([file.relative_to(there).as_posix() for file in there.rglob("*.parquet")], config)
            if folder is not None:
                return there / folder

    def fetch() -> str:
        for revision in (None, CONVERTED):
            info = HfApi().dataset_info(repo_id, revision=revision, timeout=TIMEOUT_S)
            names = [file.rfilename for file in info.siblings or [] if file.rfilename.endswith(".parquet")]
            if names:
                folder = _folder_of(names, config)
                if folder is None:
                    raise DataError(_choice(repo_id, names, config))
                pattern = f"{folder}/*.parquet" if folder else "*.parquet"
                whole = snapshot_download(repo_id, repo_type="dataset", revision=revision, allow_patterns=[pattern])
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
    except DataError:
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
