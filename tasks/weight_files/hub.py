"""Models of the Hugging Face hub: those that are on this machine already, else fetched."""

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
    there = on_this_machine(owner_name, "model")
    if there is not None and (within := there / inner).exists() and (within.is_file() or holds_weights(within)):
        return within

    def fetch() -> str:
        # Asked first: unlike downloads, this question is not repeated for half a minute without a network.
        siblings = HfApi().model_info(owner_name, timeout=TIMEOUT_S).siblings or []
        wanted = _wanted(owner_name, inner, [file.rfilename for file in siblings])
        return str(Path(snapshot_download(owner_name, allow_patterns=wanted)) / inner)

    part = f" {shlex.quote(inner)}" if inner.endswith(SUFFIXES) else f" --include {shlex.quote(f'{inner}/*')}"
    return fetched(f"model {hub_id!r}", f"hf download {owner_name}{part if inner else ''}", fetch)


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


def on_this_machine(repo_id: str, repo_type: str, revision: str | None = None) -> Path | None:
    """Return the folder of a repository's snapshot on this machine, if there is one; asks nobody."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        return Path(snapshot_download(repo_id, repo_type=repo_type, revision=revision, local_files_only=True))
    except HFValidationError as error:
        raise DataError(f"{repo_id!r} is no id on the Hugging Face hub ({as_one_line(str(error), 200)})") from error
    except OSError:  # none, or none of this revision
        return None


def fetched(what: str, command: str, fetch: Callable[[], str]) -> Path:
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
