"""`manifest.json`, which describes shipped files: writing it, and reading what it describes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import DataError

MANIFEST = "manifest.json"


def manifest_text(manifest: dict[str, Any]) -> str:
    """Write a manifest as indented JSON, with each list of numbers on one line, since there are thousands of labels."""

    def one_line(match: re.Match[str]) -> str:
        return re.sub(r"\s+", " ", match[0]).replace("[ ", "[").replace(" ]", "]")

    return re.sub(r"\[[\d,\s]+\]", one_line, json.dumps(manifest, indent=2)) + "\n"


def read_manifest(assets: Path, key: str) -> Mapping[str, Any]:
    """Read one entry of a folder's manifest.

    Raises:
        DataError: it is missing or damaged.
    """
    file = assets / MANIFEST
    try:
        entries: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))[key]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{file} cannot be read ({error}); reinstall frontrunner") from error
    return entries


def file_entry(file: str, content: bytes) -> dict[str, Any]:
    """Describe a shipped file, as `read_shipped` wants it."""
    return {"file": file, "sha256": hashlib.sha256(content).hexdigest()}


def read_shipped(assets: Path, entry: Mapping[str, Any], what: str) -> bytes:
    """Read the file that a manifest's entry describes.

    Args:
        assets: the folder of the manifest.
        entry: has the file's name in `file` and its digest in `sha256`.
        what: names what the file holds, in the plural.

    Raises:
        DataError: the file is missing, truncated or is not the one the manifest describes.
    """
    try:
        file, expected = assets / entry["file"], str(entry["sha256"])
    except (KeyError, TypeError) as error:
        raise DataError(f"{assets / MANIFEST} does not describe the {what}; reinstall frontrunner") from error
    try:
        content: bytes = file.read_bytes()
    except OSError as error:
        raise DataError(f"the {what} cannot be read ({error}); reinstall frontrunner") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != expected:
        raise DataError(
            f"{file} is damaged: expected SHA-256 {expected[:12]}..., found {digest[:12]}...; reinstall frontrunner"
        )
    return content
