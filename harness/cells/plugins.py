"""Load learners and suites from single files, beside those that packages register by entry point."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import ConfigError
from ...methods import METHODS
from ...registry import import_plugin
from ...tasks import SUITES


def load_plugins(files: Sequence[str]) -> None:
    """Register every learner and suite that the files define; raise ConfigError when a file defines none."""
    for file in files:
        module, origin = import_plugin(file)
        if METHODS.add_from_module(module, origin) + SUITES.add_from_module(module, origin) == 0:
            raise ConfigError(f"the plugin {file!r} defines no concrete subclass of frontrunner.Learner or Suite")
