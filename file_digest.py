"""The digest of files, by which caches and records know their content."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import ModuleType

from .regular_file import check_regular


def digest_files(*files: Path) -> str:
    """SHA-256 over the content of regular files; puts data and the code that made an entry into its key."""
    digest = hashlib.sha256()
    for file in files:
        check_regular(file)
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def module_files(*modules: ModuleType) -> tuple[Path, ...]:
    """Return the files of modules, whose digest is what a cache's key knows code by."""
    return tuple(Path(str(module.__file__)) for module in modules)
