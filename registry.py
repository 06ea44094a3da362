"""Registries, which find classes by name: one for learners, one for suites, one for indicators.

Built-in entries are lazy (`module:attribute`, imported on first use) so that listing them costs nothing.
Third parties add theirs through an entry point of the registry's group or from a plugin file.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Generic, TypeVar

from .errors import ConfigError, DuplicateNameError, FrontrunnerError, PluginError, UnknownNameError
from .one_line import is_one_line, shown
from .plugin_exit import EndedError, not_ending
from .plugin_failure import last_line
from .plugin_source import source_digest

__all__ = ["Entry", "Registry"]

T = TypeVar("T")

FULL_NAME = "frontrunner"
"""What modules of this package are called in targets."""
FROM_PLUGIN = "for one that a plugin defines, give --plugin FILE or install its package"
"""What to do about a name that nothing registers."""


@dataclass(frozen=True)
class Entry(Generic[T]):
    """One registered class: its name, where it comes from and how to load it."""

    name: str
    """The name by which users ask for the class."""
    origin: str
    """Where the class comes from: a module path for built-ins, a distribution for entry points, a file for plugins."""
    target: str | importlib.metadata.EntryPoint | type[T]
    """The class, or what loads it: `module:class` or an entry point."""
    summary: str | None = None
    """A one-line description; the first line of the class's docstring when absent."""

    def load(self, base: type[T]) -> type[T]:
        """Load the class.

        Raises:
            PluginError: it cannot be imported.
            ConfigError: it is no subclass of `base`.
        """
        try:
            if isinstance(self.target, str):
                found = _imported(self.target)
            else:
                # Told by its method, not its class: where the backport `importlib_metadata` has been imported, entry
                # points are of another class than the standard library's.
                load = None if isinstance(self.target, type) else getattr(self.target, "load", None)
                with not_ending():
                    found = self.target if load is None else load()
        except FrontrunnerError:
            raise
        except EndedError as error:
            raise PluginError(f"{self.name!r} from {self.origin} cannot be imported: {error}") from error
        except Exception as error:
            raise PluginError(f"{self.name!r} from {self.origin} cannot be imported: {last_line(error)}") from error
        if not (isinstance(found, type) and issubclass(found, base)):
            raise ConfigError(f"{self.name!r} from {self.origin} must be a subclass of {base.__name__}, is {found!r}")
        return found


class Registry(Generic[T]):
    """Finds classes of one kind by name: built-in ones, those of installed packages and those of plugin files.

    Args:
        kind: what an entry is called in messages, such as "method" or "suite".
        base: `module:class` of the class that every entry subclasses, imported on first use.
        group: the entry-point group under which third parties register.
        builtin: name -> (target, one-line summary or None) of what ships with Frontrunner.
    """

    def __init__(self, kind: str, *, base: str, group: str, builtin: Mapping[str, tuple[str, str | None]]) -> None:
        self.kind = kind
        self._base_path = base
        self._group = group
        self._entries: dict[str, Entry[T]] = {}
        self._discovered = False
        for name, (target, summary) in builtin.items():
            self.add(Entry(name, target.partition(":")[0], target, summary))

    @functools.cached_property
    def base(self) -> type[T]:
        """The class that every entry subclasses."""
        found: type[T] = _imported(self._base_path)
        return found

    def add(self, entry: Entry[T]) -> None:
        """Register one entry.

        Raises:
            ConfigError: no command could name it, or the name would write control characters to terminals.
            DuplicateNameError: the name is taken; the message names both origins.
        """
        if not is_one_line(entry.name) or entry.name != entry.name.strip() or not entry.name:
            raise ConfigError(
                f"the {self.kind} {shown(entry.name)} of {entry.origin} cannot be named so: expected one line without "
                "control characters, and no spaces around it; rename it"
            )
        taken = self._entries.get(entry.name)
        if taken is not None and (taken.origin, taken.target) != (entry.origin, entry.target):
            raise DuplicateNameError(
                f"{self.kind} {entry.name!r} is registered twice, by {taken.origin} and by {entry.origin}; "
                "rename one of them"
            )
        self._entries[entry.name] = entry

    def put(self, name: str, origin: str, cls: type[T]) -> None:
        """Register a class in the place of another one of this name and origin, as a file has that was edited.

        Raises:
            ConfigError, DuplicateNameError: as `add`.
        """
        taken = self.entries().get(name)
        if taken is not None and taken.origin == origin:
            del self._entries[name]
        self.add(Entry(name, origin, cls))

    def add_from_module(self, module: ModuleType, origin: str) -> int:
        """Register every concrete subclass of the base that a module defines, and return how many there are.

        Raises:
            ConfigError: a subclass has no `name`, or one that `add` refuses.
            DuplicateNameError: a name is taken.
        """
        found = [
            value
            for value in vars(module).values()
            if isinstance(value, type)
            and issubclass(value, self.base)
            and value.__module__ == module.__name__
            and not inspect.isabstract(value)
        ]
        for cls in found:
            name = getattr(cls, "name", None)
            if not isinstance(name, str):
                raise ConfigError(f"{cls.__name__} in {origin} needs a class attribute `name`, the {self.kind}'s name")
            self.add(Entry(name, origin, cls))
        return len(found)

    def get(self, name: str) -> type[T]:
        """Return the class that is registered under a name.

        Raises:
            UnknownNameError: there is none; the message offers the nearest name.
            ConfigError: the name is no text, or what it names cannot be imported.
        """
        entries = self.entries()
        given: object = name  # a script may pass anything
        if not isinstance(given, str):
            raise ConfigError(f"a {self.kind} is asked for by its name, a text; found {given!r}")
        if name not in entries:
            raise UnknownNameError(self.kind, name, entries, otherwise=FROM_PLUGIN)
        return entries[name].load(self.base)

    def origin(self, name: str) -> str:
        """Return where the class of a registered name comes from."""
        return self.entries()[name].origin

    def source(self, name: str) -> str:
        """Return the digest of the source that a registered class is made by; empty for what ships with Frontrunner."""
        entry = self.entries()[name]
        return "" if isinstance(entry.target, str) else source_digest(entry.load(self.base))

    def entries(self) -> Mapping[str, Entry[T]]:
        """Return all entries by name, entry points of installed packages included."""
        if not self._discovered:
            for point in importlib.metadata.entry_points(group=self._group):
                package = point.dist.name if point.dist is not None else point.value
                self.add(Entry(point.name, f"package {package}", point))
            self._discovered = True  # only now: a name taken twice must be an error every time
        return self._entries

    def summaries(self) -> dict[str, str]:
        """Map every name to a one-line description, in order of registration; what cannot be imported says so."""
        return {name: entry.summary or self._first_line(entry) for name, entry in self.entries().items()}

    def _first_line(self, entry: Entry[T]) -> str:
        try:
            found = inspect.getdoc(entry.load(self.base))
            # A class without a docstring has that of its base, which tells how to subclass it.
            return "" if not found or found == inspect.getdoc(self.base) else found.partition("\n")[0]
        except ConfigError as error:
            return str(error)


def _imported(target: str) -> Any:
    """Import what `module:attribute` names, from the package that this module is a part of, see `outline`."""
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module.replace(FULL_NAME, str(__package__), 1)), attribute)
