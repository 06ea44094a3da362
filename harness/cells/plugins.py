"""Load learners, suites and indicators from single files, beside those that packages register by entry point."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...errors import ConfigError
from ...methods import METHODS
from ...metrics import INDICATORS
from ...plugin_import import import_plugin
from ...tasks import SUITES
from ...tasks.suite_file.registered import load_suite_file
from ...yaml_file import is_yaml_file


def load_plugins(files: Sequence[str]) -> None:
    """Register every learner, suite and indicator that the files define.

    Args:
        files: Python files, and suite files, which are told by their names.

    Raises:
        ConfigError: a file cannot be imported or read, or defines none of them.
        DuplicateNameError: a name is taken already.
    """
    for file in files:
        if is_yaml_file(file):
            load_suite_file(Path(file).expanduser())
            continue
        module, origin = import_plugin(file)
        if not sum(registry.add_from_module(module, origin) for registry in (METHODS, SUITES, INDICATORS)):
            raise ConfigError(
                f"the plugin {file!r} defines no concrete subclass of frontrunner.Learner, Suite or Indicator; "
                "what it imports from another file does not count"
            )
