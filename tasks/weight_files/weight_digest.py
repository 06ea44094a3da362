"""The digest of a model's weights, of whatever kind of memory they are in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor

from ..facts import recall, remember
from .content_digest import digest_of_open
from .mapped_file import FileMapping, range_of, release


def digest_weights(params: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 over the weights' names, dtypes, shapes and bytes, in order of name.

    Weights that are mapped from files, as these are, are read once: what their digest is, is remembered by the digest
    of the files' content. Ordinary weights are read every time.
    """
    key = content_key(params)
    known = None if key is None else recall("weights", key)
    if isinstance(known, str):
        return known
    digest = hashlib.sha256()
    for name in sorted(params):
        tensor = params[name].detach().cpu().contiguous()
        digest.update(f"{name}|{tensor.dtype}|{tuple(tensor.shape)}|".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().data)
        release([params[name]])
    if key is not None:
        remember("weights", key, digest.hexdigest())
    return digest.hexdigest()


def content_key(params: Mapping[str, Tensor]) -> list[object] | None:
    """Return what decides the values of mapped weights, without reading them: JSON values, the same everywhere.

    Returns:
        None where a weight is not mapped, was perhaps written to, or its file changes.

    Raises:
        DataError: a file cannot be read any more.
    """
    digests: dict[FileMapping, str] = {}
    key: list[object] = []
    for name, tensor in sorted(params.items()):
        place: object = "empty"
        if tensor.numel():
            found = range_of(tensor)
            if found is None or found.is_written is not False:
                return None
            mapping = found.mapping
            if mapping not in digests:
                digests[mapping] = digest_of_open(mapping.opened, mapping.file)
            place = [digests[mapping], found.start, list(tensor.stride())]
        key.append([name, str(tensor.dtype), list(tensor.shape), place])
    return key
