"""Digest the source of a plugin, its file and the files beside it that it imports, by which results know its state."""

from __future__ import annotations

import ast
import functools
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import all_suffixes
from pathlib import Path

from .plugin_modules import PREFIX

OWN_PACKAGE = __name__.partition(".")[0]


def source_digest(cls: type) -> str:
    """Return a digest of the files that a plugin's class is made by; empty for what ships with this package.

    These are the file that defines the class and, wherever in it they are imported, the files of the same folder or,
    for an installed package, of the same package, and what those import. The imports are read from the source, so that
    the digest depends on nothing that has been imported before. Names that are only known at run time are not followed.
    """
    module = sys.modules.get(cls.__module__)
    found = getattr(module, "__file__", None)
    if found is None or (cls.__module__.partition(".")[0] == OWN_PACKAGE and not cls.__module__.startswith(PREFIX)):
        return ""
    return file_source_digest(Path(found), cls.__module__)


def file_source_digest(file: Path, module: str | None = None) -> str:
    """Return the digest of a Python file and of what it imports from its folder, see `source_digest`.

    Args:
        file: the file.
        module: the name that it was imported by; None for a file that is read as a plugin's.
    """
    root, own = _root(file, module)
    names = {path.relative_to(root).as_posix() if path != file else "": path for path in _closure(file, root, own)}
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(f"{name}|{_parsed(names[name]).digest}|".encode())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class _Source:
    """One file, as far as its digest and its imports go."""

    digest: str
    imports: tuple[tuple[int, str], ...]
    """(level, dotted name) of everything that the file may import."""


def _root(file: Path, module: str | None) -> tuple[Path, str | None]:
    """Return the folder that absolute imports start from, and the one package they may name; None for any."""
    folder = file.parent
    while (folder / "__init__.py").is_file() and folder.parent != folder:
        folder = folder.parent
    if module is None or module.startswith(PREFIX):
        return folder, None
    return folder, module.partition(".")[0]


def _closure(file: Path, root: Path, own: str | None) -> set[Path]:
    """Return a file and all that it imports below the root, directly or not."""
    found, todo = {file}, [file]
    while todo:
        here = todo.pop()
        for level, name in _parsed(here).imports:
            if level == 0 and not _is_beside(name.partition(".")[0], own):
                continue
            base = root if level == 0 else here.parents[level - 1]
            for path in _files(base, name):
                if path not in found:
                    found.add(path)
                    todo.append(path)
    return found


def _is_beside(first: str, own: str | None) -> bool:
    """Return whether an absolute import of this top-level name may mean a file below the root."""
    return first == own if own is not None else first not in sys.stdlib_module_names and first != OWN_PACKAGE


def _files(base: Path, name: str) -> Iterator[Path]:
    """Yield the files that importing `name` from `base` runs: those of its packages, and its own."""
    folder = base
    for part in name.split(".") if name else []:
        here = folder / part
        candidates = [here / "__init__.py", *(folder / f"{part}{suffix}" for suffix in all_suffixes())]
        yield from (path for path in candidates if path.is_file())
        if not here.is_dir():
            return
        folder = here
    if not name and (base / "__init__.py").is_file():
        yield base / "__init__.py"


def _parsed(file: Path) -> _Source:
    """Return what a file is and imports, read again only where it has been written since."""
    state = file.stat()
    return _read(file, state.st_mtime_ns, state.st_size, state.st_ino)


@functools.lru_cache(maxsize=4096)
def _read(file: Path, *state: int) -> _Source:  # noqa: ARG001 - the file's state is part of the key
    content = file.read_bytes()
    return _Source(hashlib.sha256(content).hexdigest(), tuple(_imports(content)))


def _imports(content: bytes) -> Iterator[tuple[int, str]]:
    """Yield (level, dotted name) of every module that a source may import, and of every name taken from one."""
    try:
        nodes = list(ast.walk(ast.parse(content)))
    except (SyntaxError, ValueError):  # compiled, or broken: importing it says why
        return
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield node.level, module
            yield from ((node.level, f"{module}.{alias.name}".lstrip(".")) for alias in node.names)
