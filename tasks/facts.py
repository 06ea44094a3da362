"""Small facts that take long to find out, such as the digest of a large file, kept in the cache folder.

A fact is one JSON file with a checksum. It is an aid only: where it cannot be read or written, or is damaged, it is
found out again.
"""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from ..checked_json import read_checked, write_checked
from .cache_folder import cache_folder

logger = logging.getLogger("frontrunner")


def recall(kind: str, key: object) -> Any:
    """Return what was remembered of a key (JSON values), None where nothing was or it is damaged."""
    try:
        content = read_checked(_file(kind, key))
        return content["value"] if content["key"] == json.loads(json.dumps(key)) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(kind: str, key: object, value: object) -> None:
    """Keep a fact (JSON values) for later processes; the last of several writers wins.

    Args:
        kind: what the fact says, such as "digest"; facts of several kinds may have one key.
        key: what it is said of.
        value: the fact; None is not remembered.
    """
    file = _file(kind, key)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_checked(file, {"key": key, "value": value})
    except OSError as error:
        logger.info("%s cannot be kept (%s); it will be computed again", file, error)


def _file(kind: str, key: object) -> Path:
    name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]
    return cache_folder() / "facts" / kind / f"{name}.json"
