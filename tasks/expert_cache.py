"""A cache of prepared weights on disk, found by what they were made from.

An entry is one safetensors file in the user's cache folder (`FRONTRUNNER_CACHE`). Its name is the digest of its
key: same inputs and code, same entry. It is written beside its final name and moved there when complete; its
content carries a checksum, so an entry that is damaged all the same is noticed and made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import torch
from filelock import FileLock
from platformdirs import user_cache_path
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..errors import DataError
from ..os_errors import because
from .problem import Params

logger = logging.getLogger("frontrunner")

CHECKSUM = "frontrunner_checksum"


def cache_folder() -> Path:
    """Return the folder named by `FRONTRUNNER_CACHE`, or else the user's cache folder on this platform.

    Raises:
        DataError: it is in the user's home, and the system knows none.
    """
    chosen = os.environ.get("FRONTRUNNER_CACHE")
    try:  # without a home, the user's cache folder is one called ~ in the working directory
        return Path(chosen or user_cache_path("frontrunner", appauthor=False)).expanduser()
    except RuntimeError as error:
        raise DataError(
            "this user has no home; set HOME or FRONTRUNNER_CACHE to a folder that can be written"
        ) from error


def digest_weights(params: Params) -> str:
    """Return the SHA-256 over the weights' names, dtypes, shapes and bytes, in order of name."""
    digest = hashlib.sha256()
    for name in sorted(params):
        tensor = params[name].detach().cpu().contiguous()
        digest.update(f"{name}|{tensor.dtype}|{tuple(tensor.shape)}|".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def cached(key: Mapping[str, object], make: Callable[[], Params], device: torch.device) -> dict[str, Tensor]:
    """Return the cached weights of `key`, made now if there are none; two processes that want the same make it once.

    Args:
        key: everything that decides the content: data, recipe, seed, code, versions (JSON values).
        make: function that computes the weights.
        device: where the result goes.

    Raises:
        DataError: the cache folder cannot be written.
    """
    canonical = json.dumps(key, sort_keys=True)
    file = cache_folder() / "experts" / f"{hashlib.sha256(canonical.encode()).hexdigest()[:32]}.safetensors"
    with _explained(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(file.with_suffix(".lock"))
        lock.acquire()
    try:
        with _explained(file.parent):
            found = _read(file)
        if found is None:
            found = {name: tensor.detach().cpu().contiguous() for name, tensor in make().items()}
            with _explained(file.parent):
                _write(file, found, canonical)
    finally:
        lock.release()
    return {name: tensor.to(device) for name, tensor in found.items()}


@contextlib.contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Turn an OSError into a DataError that says what to do."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"the expert cache {folder} cannot be used {because(error)}; "
            "you may also set FRONTRUNNER_CACHE to another folder"
        ) from error


def _read(file: Path) -> dict[str, Tensor] | None:
    """Read the weights of an entry; None when there is none or it is damaged."""
    if not file.exists():
        return None
    try:
        with safe_open(file, framework="pt") as entry:
            params = {name: entry.get_tensor(name) for name in entry.keys()}  # noqa: SIM118 - not a mapping
            expected = (entry.metadata() or {}).get(CHECKSUM)
    except SafetensorError as error:
        logger.warning("the cached expert %s is damaged (%s); making it again", file, error)
        return None
    if digest_weights(params) != expected:
        logger.warning("the cached expert %s does not match its checksum; making it again", file)
        return None
    return params


def _write(file: Path, params: Mapping[str, Tensor], key: str) -> None:
    """Write beside the final name, flush to disk, move into place: a killed process leaves no half entry."""
    partial = file.with_suffix(".partial")  # one writer at a time: the entry's lock is held
    try:
        try:
            save_file(dict(params), partial, metadata={"key": key, CHECKSUM: digest_weights(params)})
        except SafetensorError as error:  # the Rust writer reports a full disk as its own error
            raise OSError(str(error)) from error
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
