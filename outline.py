"""Read what modules of this package declare, without importing torch: names, options with their bounds, versions.

A learner's options and a suite's tasks stand in classes whose modules import torch, which takes seconds. Here the same
source files are imported once more, as modules of a package of another name, in which every library that takes long is
an empty place: what a module's functions would do with it is never done. So nothing is declared twice, and what is
built in needs no words for it.

What needs such a library after all raises `AbsentError`; ask the real modules then. Errors of this package are the same
classes in both packages. Classes of the outline are only read, and never mixed with the real ones.
"""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGE = f"{__package__}_outline"
"""The name under which outlines are imported."""
SHARED = ("errors",)
"""Modules that both packages have in common, so that an error can be caught by its class."""
PRESENT = frozenset(sys.stdlib_module_names) | {
    "annotated_types", "filelock", "numpy", "platformdirs", "pydantic", "pydantic_core", "typing_extensions", "yaml",
}  # fmt: skip
"""Libraries that outlines import; every other one is absent."""


class AbsentError(Exception):
    """A library was used that an outline has no more than the names of."""


def outline(module: str) -> Any:
    """Return the outline of a module of this package, such as `methods.registry`.

    Raises:
        AbsentError: the module uses an absent library while it is imported.
    """
    if PACKAGE not in sys.modules:
        _make_package()
    return importlib.import_module(f"{PACKAGE}.{module}")


def _make_package() -> None:
    package = ModuleType(PACKAGE)
    package.__path__ = [str(Path(__file__).parent)]
    sys.modules[PACKAGE] = package
    for name in SHARED:
        sys.modules[f"{PACKAGE}.{name}"] = importlib.import_module(f".{name}", __package__)
    sys.meta_path.insert(0, _OutlineFinder())


class _Absent:
    """Stands for whatever an absent library has: it may be named, subclassed and called while modules are imported."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _part(self, name: str) -> _Absent:
        if not _OutlineLoader.importing:
            raise AbsentError(f"{self._name} is used, which an outline does not have")
        return _Absent(name)

    def __getattr__(self, name: str) -> _Absent:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._part(f"{self._name}.{name}")

    def __call__(self, *_: object, **__: object) -> _Absent:
        return self._part(f"{self._name}()")

    def __getitem__(self, _: object) -> _Absent:
        return self._part(f"{self._name}[]")

    def __or__(self, _: object) -> _Absent:
        return self._part(self._name)

    __ror__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __or__

    def __mro_entries__(self, _: tuple[object, ...]) -> tuple[type, ...]:
        return ()

    def __instancecheck__(self, _: object) -> bool:
        return False  # nobody can have made one

    def __subclasscheck__(self, _: type) -> bool:
        return False

    def __repr__(self) -> str:
        return self._name


class _OutlineFinder(MetaPathFinder):
    """Finds the modules of outlines in the files of the real ones."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of an outline; None for every other module."""
        if not fullname.startswith(f"{PACKAGE}."):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader) and spec.origin is not None:
            spec.loader = _OutlineLoader(fullname, spec.origin)
        return spec


class _OutlineLoader(SourceFileLoader):
    """Runs the code of a file where absent libraries are empty places."""

    importing = 0
    """How many outlines are being imported, one in another."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the file's code in the module."""
        vars(module)["__builtins__"] = {**vars(builtins), "__import__": _import}
        _OutlineLoader.importing += 1
        try:
            super().exec_module(module)
        finally:
            _OutlineLoader.importing -= 1


def _import(
    name: str,
    globals: Mapping[str, Any] | None = None,
    locals: Mapping[str, Any] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> Any:
    """Import a module for an `import` statement of an outline; arguments are those of `builtins.__import__`."""
    first = name.partition(".")[0]
    if level == 0 and first not in PRESENT:
        return _Absent(name if fromlist else first)
    return builtins.__import__(name, globals, locals, fromlist or (), level)
