"""The digest of files, by which caches and records know their content."""

from __future__ import annotations

import hashlib
from pathlib import Path

from .regular_file import check_regular


def digest_files(*files: Path) -> str:
    """SHA-256 over the content of regular files; puts data and the code that made an entry into its key."""
    digest = hashlib.sha256()
    for file in files:
        check_regular(file)
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
