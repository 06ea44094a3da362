"""Modules of plugin files: each has a name of its own, by which any process can import it again.

The module of `/home/me/work/mine.py` is called `frontrunner.plugin_modules.<digits>.mine`, where the digits are the
folder's path in hexadecimal. So two files of one name are two modules, and a process that a learner spawns, say for a
data loader, finds the module by its name alone, without an environment variable or a longer `sys.path`.

A file beside the plugin is a module of the same package. A plugin, and what it imports from its folder, may import it
as a script would (`import helpers`) or relatively (`from . import helpers`), and two plugins may each have `helpers`.
Where the folder is part of a package, the package's outermost folder counts, so that its own imports work as well.
"""

from __future__ import annotations

import builtins
import functools
import importlib.util
import os
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

PREFIX = f"{__name__}."
__path__: list[str] = []  # makes this module a package, whose modules the finder below finds
_ENCODED = "file_"
"""Begins the name of a module whose file name is no plain `name.py`; the name in hexadecimal follows."""


def module_name(file: Path) -> str:
    """Return the name of the module of a plugin file; `file` is an absolute path without links."""
    root, packages = file.parent, list[str]()
    while (root / "__init__.py").is_file() and "." not in root.name and root.parent != root:
        packages.insert(0, root.name)
        root = root.parent
    if packages and file.name == "__init__.py":
        return ".".join([_folder_package(root), *packages])
    plain = file.suffix == ".py" and "." not in file.stem and not file.stem.startswith(_ENCODED)
    plain = plain and not (file.with_suffix("") / "__init__.py").exists()  # a folder of that name would be found first
    own = file.stem if plain else _ENCODED + os.fsencode(file.name).hex()
    return ".".join([_folder_package(root), *packages, own])


def without_plugin_prefix(text: str) -> str:
    """Return a text in which modules of plugins have the names that their authors know."""
    return re.sub(rf"{re.escape(PREFIX)}f[0-9a-f]+\.", "", text)


def _folder_package(root: Path) -> str:
    return PREFIX + "f" + os.fsencode(root).hex()


class _PluginFinder(MetaPathFinder):
    """Finds the modules below this one: folders by their name in hexadecimal, and the files in them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module of a plugin's folder; None for every other module."""
        if not fullname.startswith(PREFIX):
            return None
        above, _, name = fullname.rpartition(".")
        if above == __name__:
            spec = ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = [_decoded(name.removeprefix("f"))]
            return spec
        if name.startswith(_ENCODED):
            file = Path(*(path or ()), _decoded(name.removeprefix(_ENCODED)))
            return importlib.util.spec_from_file_location(fullname, file, loader=_PluginLoader(fullname, str(file)))
        found = PathFinder.find_spec(fullname, path, target)
        if found is not None and isinstance(found.loader, SourceFileLoader) and found.origin is not None:
            found.loader = _PluginLoader(fullname, found.origin)
        return found


def _decoded(digits: str) -> str:
    try:
        return os.fsdecode(bytes.fromhex(digits))
    except ValueError as error:
        raise ModuleNotFoundError(f"no plugin's folder is called {digits!r}") from error


class _PluginLoader(SourceFileLoader):
    """Runs a file of a plugin's folder so that it finds the files beside it; writes no bytecode there."""

    def set_data(self, path: str, data: bytes, *, _mode: int = 0o666) -> None:  # type: ignore[override] # typeshed has ReadableBuffer
        """Write nothing: the folder is a user's."""

    def get_code(self, fullname: str) -> CodeType | None:
        """Compile the source as it is now: bytecode is told from an edit within the same second by its length only."""
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code

    def exec_module(self, module: ModuleType) -> None:
        """Run the file's code in the module."""
        root = ".".join(module.__name__.split(".")[: PREFIX.count(".") + 1])
        vars(module)["__builtins__"] = {**vars(builtins), "__import__": functools.partial(_import, root, module)}
        super().exec_module(module)


def _import(
    root: str,
    importing: ModuleType,
    name: str,
    globals: Mapping[str, Any] | None = None,
    locals: Mapping[str, Any] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    """Import a module for an `import` statement of a plugin: one beside it where there is one, else as everywhere.

    Args:
        root: the package of the plugin's folder.
        importing: the module that has the statement.
        name, globals, locals, fromlist, level: see `builtins.__import__`.
    """
    first = name.partition(".")[0]
    if level or not _is_beside(root, importing, first):
        return builtins.__import__(name, globals, locals, fromlist or (), level)
    found = builtins.__import__(f"{root}.{name}", globals, locals, fromlist or (), 0)
    return found if fromlist else sys.modules[f"{root}.{first}"]


def _is_beside(root: str, importing: ModuleType, name: str) -> bool:
    """Return whether a module of this name lies in a plugin's folder, and is meant.

    A file called like a module of Python or like this package is never meant, nor is the importing file itself, which
    may be called like the library that it wraps; a folder without `__init__.py`, such as one of data, only where
    nothing else has the name.
    """
    if name in sys.stdlib_module_names or name == __name__.partition(".")[0]:
        return False
    spec = PathFinder.find_spec(name, list(sys.modules[root].__path__))
    if spec is None or (spec.origin is not None and spec.origin == importing.__file__):
        return False
    return spec.loader is not None or importlib.util.find_spec(name) is None


sys.meta_path.insert(0, _PluginFinder())  # before the finder of files, which would find those beside a plugin too
