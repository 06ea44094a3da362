"""Tensors that are made once, kept in the cache folder as safetensors, and mapped from there.

An entry is found by what it was made from: its name is the digest of its key. It is written beside its final name and
moved there when complete; its content carries a checksum, so that an entry that is damaged all the same is noticed and
made again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from safetensors import SafetensorError
from torch import Tensor

from ...errors import DataError
from ..cache_entry import cached_entry
from ..cache_folder import cache_folder, using_cache
from .mapped_file import map_safetensors
from .weight_digest import digest_weights
from .written_tensors import write_tensors

logger = logging.getLogger("frontrunner")

CHECKSUM = "frontrunner_checksum"
ORDER = "frontrunner_order"
"""Names in the order in which they were made; safetensors has an order of its own."""


def mapped_entry(
    kind: str,
    key: Mapping[str, object],
    make: Callable[[], Mapping[str, Tensor]],
    *,
    title: str,
    waits: Callable[[], None] = lambda: None,
) -> dict[str, Tensor]:
    """Return the tensors of `key`, made now if there are none, as views of the mapped entry.

    Two processes that want the same make it once.

    Args:
        kind: the folder in the cache.
        key: everything that decides the content (JSON values).
        make: function that computes the tensors.
        title: what messages call an entry's kind, such as "expert".
        waits: called when another process is making the entry; what it raises is raised, else the entry is waited for.

    Raises:
        DataError: the cache folder cannot be written.
    """
    canonical = json.dumps(key, sort_keys=True)
    file = cache_folder() / kind / f"{hashlib.sha256(canonical.encode()).hexdigest()[:32]}.safetensors"
    cache = f"{title} cache"

    def write(partial: Path) -> Path:
        made = _separate(make())
        with using_cache(cache, file.parent):
            return _write(partial / file.name, made, canonical)

    return cached_entry(file, cache, lambda: _read(file, title), write, waits)


def converted(key: Mapping[str, object], make: Callable[[], Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Return weights that other weights are converted to, made once and mapped from the cache.

    Args:
        key: everything that decides them (JSON values): the digest of the content, and which conversion it is, with
            a version that changes when its code does.
        make: function that converts.

    Raises:
        DataError: the cache folder cannot be written.
    """
    return mapped_entry("weights", key, make, title="converted weights")


def _separate(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return dense tensors on the CPU, each with memory of its own, as safetensors wants them."""
    seen = set[int]()
    separate = {}
    for name, tensor in tensors.items():
        own = tensor.detach().cpu().contiguous()
        if own.numel() and own.untyped_storage().data_ptr() in seen:
            own = own.clone()
        seen.add(own.untyped_storage().data_ptr())
        separate[name] = own
    return separate


def _read(file: Path, title: str) -> dict[str, Tensor] | None:
    """Map an entry; None when there is none or it is damaged."""
    if not file.exists():
        return None
    try:
        mapped = map_safetensors(file)
    except DataError as error:
        why = error.__cause__ or error  # the sentence around it tells whoever gave a file to copy it again
        logger.warning("the cached %s %s is damaged (%s), making it again", title, file, why)
        return None
    if digest_weights(mapped.tensors) != mapped.metadata.get(CHECKSUM):
        logger.warning("the cached %s %s is damaged (its checksum is another), making it again", title, file)
        return None
    order = json.loads(mapped.metadata.get(ORDER, "[]")) or mapped.tensors  # entries of 0.1.0 keep none
    return {name: mapped.tensors[name] for name in order}


def _write(file: Path, tensors: dict[str, Tensor], key: str) -> Path:
    """Write tensors to a file, flushed to disk, and return it.

    It is in a folder of its own, since safetensors writes to a file of a name of its own first.
    """
    metadata = {"key": key, CHECKSUM: digest_weights(tensors), ORDER: json.dumps(list(tensors))}
    try:
        write_tensors(tensors, file, metadata)
    except SafetensorError as error:  # the Rust writer reports a full disk as its own error
        raise OSError(str(error)) from error
    with file.open("rb") as written:
        os.fsync(written.fileno())
    return file
