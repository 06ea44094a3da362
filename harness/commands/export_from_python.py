"""Export models from a script or a notebook as `frontrunner export` does."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack, get_type_hints

from ...errors import ConfigError
from ...one_line import shown
from ..cells.plugins import load_plugins
from ..cells.script_arguments import as_path, as_paths, as_store, as_switch, as_text
from ..exporting.export_model import export_model, export_models
from ..exporting.export_options import ExportOptions
from ..records.attempt import Attempt
from ..records.open_store import open_store, store_place
from .preference_list import read_preferences


class ExportArguments(TypedDict, total=False):
    """Further arguments of `export`, with the names and meanings of the command's options."""

    format: str | None
    head: str | None
    force: bool
    measure: bool
    store: str | Path | None
    plugins: Sequence[str | Path]


def export(
    run: str,
    preferences: Mapping[str, float] | Sequence[Mapping[str, float]] | str | Path,
    output: str | Path,
    **further: Unpack[ExportArguments],
) -> list[Path]:
    """Write the plain models that a run's Pareto set gives for preferences, as `frontrunner export` does.

    Args:
        run: the beginning of a run's id.
        preferences: one weight a task, such as `{"digits": 0.3, "fashion": 0.7}`, for one model; a list of such
            mappings, `"grid:11"`, `"recorded"` or the path of a CSV file for several, each in a folder of its own.
        output: the folder to write: empty, or not there yet.
        further: these, each by its name:

            - `format`: `"state-dict"`, or the library that the suite's architecture comes from; a state dict with the
              library's folder in it when absent.
            - `head`: the task whose head the library's model gets.
            - `force`: whether an export that is there already is replaced.
            - `measure`: whether errors that the run has not recorded are measured; they are when absent.
            - `store`: folder of the store, or the address of an MLflow server; when absent, that of
              `FRONTRUNNER_STORE`, else ./mlruns.
            - `plugins`: Python files and suite files that the run was made with.

    Returns:
        What was written: the paths of the state dict and of the library's folder; of several models the index.

    Raises:
        TypeError: an argument has a name that is not known.
        ConfigError, UnknownNameError, UnsupportedError: a value is not allowed, or a format does not fit.
        PreferenceError: the tasks are not those of the run, or the set does not answer a preference.
        StoreError: the run cannot be found or used, or the folder holds something.
    """
    if unknown := further.keys() - get_type_hints(ExportArguments).keys():
        raise TypeError(f"export() got an unexpected keyword argument {min(unknown)!r}")
    texts = {name: further.get(name) for name in ("format", "head")}
    options = ExportOptions(
        **{name: None if value is None else as_text(name, value) for name, value in texts.items()},
        force=as_switch("force", further.get("force", False)),
        measure=as_switch("measure", further.get("measure", True)),
    )
    load_plugins(as_paths("plugins", further.get("plugins", ())))
    place = store_place(as_store(further.get("store")))
    attempt = open_store(place, create=False).find(as_text("run", run))
    folder = Path(as_path("output", output))
    wanted = _preferences(preferences, attempt)
    if isinstance(wanted, dict):
        return export_model(attempt, wanted, folder, options=options)
    return export_models(attempt, wanted, folder, options)


def _preferences(given: Any, attempt: Attempt) -> dict[str, float] | list[dict[str, float]]:
    """Return one preference, or several."""
    if isinstance(given, Mapping):
        return _weights(given)
    if isinstance(given, str | os.PathLike):
        return read_preferences((), as_path("preferences", given), attempt)[0]
    if isinstance(given, Sequence) and not isinstance(given, bytes):
        return [_weights(one) for one in given]
    raise _wrong(given)


def _weights(given: Any) -> dict[str, float]:
    if not isinstance(given, Mapping) or not all(isinstance(task, str) for task in given):
        raise _wrong(given)
    try:
        return {task: float(weight) for task, weight in given.items()}
    except (TypeError, ValueError) as error:
        raise _wrong(given) from error


def _wrong(given: object) -> ConfigError:
    return ConfigError(
        "preferences is a mapping from tasks to weights, a list of them, 'grid:N', 'recorded' or the path of a CSV "
        f"file; found {shown(given)}"
    )
