"""The executor that a script names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import get_args

from ...errors import ConfigError, UnknownNameError
from ...one_line import shown
from ...tasks.real_numbers import as_count, as_number
from ..cells.script_arguments import as_text
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
    for name, checked in _CHECKS.items():
        if options.get(name) is not None:
            options[name] = checked(name, options[name])
    return ExecutorOptions(**options)


def _as_settings(name: str, given: object) -> list[str]:
    """Return settings of Slurm as the command takes them."""
    if isinstance(given, Mapping):
        return [f"{key}={value}" for key, value in given.items()]
    if isinstance(given, (list, tuple)) and all(isinstance(one, str) for one in given):
        return list(given)
    raise ConfigError(f"{name} was to be a mapping of settings, or a list such as ['account=ml'], found {shown(given)}")


_CHECKS: Mapping[str, Callable[[str, object], object]] = {
    "devices_per_cell": as_count,
    "cell_cpus": as_number,
    "cell_gpus": as_number,
    "ray_address": as_text,
    "slurm_partition": as_text,
    "slurm_set": _as_settings,
}
