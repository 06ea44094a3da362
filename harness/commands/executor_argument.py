"""The executor that a script names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import get_args

from ...errors import ConfigError, UnknownNameError
from ...one_line import shown
from ...tasks.real_numbers import as_number
from .executor_options import ExecutorName, ExecutorOptions


def as_executor(given: object) -> ExecutorOptions:
    """Return the options of an executor that a script names, by its name alone or with options.

    Args:
        given: `"ray"`, or `{"executor": "ray", "cell_gpus": 0.5}`, with the names of the command's options.

    Raises:
        ConfigError: it is neither, or an option is not known, or not one of this executor's.
    """
    named = {"executor": given} if isinstance(given, str) else given
    if not isinstance(named, Mapping):
        raise ConfigError(f"executor was to be a name such as 'ray', or a mapping of options, found {shown(given)}")
    known = [field.name for field in fields(ExecutorOptions)]
    for name in named:
        if name not in known:
            raise UnknownNameError("option of an executor", str(name), known)
    options = dict(named)
    if options.setdefault("executor", "local") not in get_args(ExecutorName):
        raise UnknownNameError("executor", str(options["executor"]), get_args(ExecutorName))
    for name in ("cell_cpus", "cell_gpus"):
        if name in options and options[name] is not None:
            options[name] = as_number(name, options[name])
    if isinstance(options.get("slurm_set"), Mapping):
        options["slurm_set"] = [f"{key}={value}" for key, value in options["slurm_set"].items()]
    return ExecutorOptions(**options)
