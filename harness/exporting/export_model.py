"""Export the models that a recorded run gives for preferences, as others load them (unloading)."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from ...errors import ConfigError, FrontError, PreferenceError, StoreError, UnknownNameError, UnsupportedError
from ...metrics import check_preference
from ...os_errors import because
from ...tasks import Params, Suite
from ..cells.cell import Cell
from ..records.attempt import Attempt
from ..running.checked_set import check_finite, check_model
from .export_folder import MARK, export_folder, require_free
from .export_options import ExportOptions
from .export_writer import ExportWriter
from .loading_code import STATE_DICT
from .measured_errors import MeasuredErrors, measured_errors
from .restored_run import RestoredRun, restore_run, suite_of

MAX_MODELS = 1000
"""The most models of one export: each is a folder with all weights."""
INDEX = "index.csv"
"""The list of an export of several models: folder, weight and error of every task."""


def export_model(
    attempt: Attempt,
    weights: Mapping[str, float],
    folder: Path,
    *,
    options: ExportOptions | None = None,
) -> list[Path]:
    """Write the model for one preference into `folder`; see `export_models`.

    Args:
        attempt, folder: as there.
        weights: one weight for each task of the run, a point of the simplex.
        options: as there; those that are so by default when absent.
    """
    return _export(attempt, [_ordered(weights, attempt.cell)], folder, options or ExportOptions(), several=False)


def export_models(
    attempt: Attempt, preferences: Sequence[Mapping[str, float]], folder: Path, options: ExportOptions
) -> list[Path]:
    """Write the models for several preferences, each into a folder of its own, and an index of them.

    In a folder are, by format: `model.safetensors`, a state dict of the original architecture, with `model.json`; or
    what the library loads, which lies in a folder of the library's name where no format is asked for. Beside both lie
    the heads of all tasks in `heads/`, and a model card, `README.md`.

    Args:
        attempt: a finished run.
        preferences: for each model one weight for each task of the run, a point of the simplex.
        folder: made, whole or not at all; it may be there if it is empty.
        options: how the models are written.

    Returns:
        What was written: the paths of the state dict and of the library's folder; of several models the index.

    Raises:
        PreferenceError: the tasks are not those of the run, or the set does not answer a preference.
        UnknownNameError: there is no such task for a head.
        ConfigError, UnsupportedError: the format does not fit the architecture.
        StoreError: a plugin or suite file of the run is not here, or was edited since; the recorded weights cannot be
            used on this machine; they or the model hold NaN or infinity; the model is of other names, shapes or dtypes
            than the architecture; or the folder holds something, or cannot be written.
    """
    ordered = []
    for number, one in enumerate(preferences, start=1):
        try:
            ordered.append(_ordered(one, attempt.cell))
        except PreferenceError as error:
            raise PreferenceError(f"preference {number} of {len(preferences)}: {error}") from error
    return _export(attempt, ordered, folder, options, several=True)


def recorded_preferences(attempt: Attempt) -> list[dict[str, float]]:
    """Return the preferences that a run's front was evaluated at.

    Raises:
        PreferenceError: its members stand for none.
    """
    rows = attempt.record().evaluation.preferences
    if rows is None:
        raise PreferenceError(f"the models of {attempt.cell.title} stand for no preferences; give one by --preference")
    return [dict(zip(attempt.cell.tasks, row.tolist(), strict=True)) for row in rows]


def _export(
    attempt: Attempt, preferences: Sequence[NDArray[np.float64]], folder: Path, options: ExportOptions, *, several: bool
) -> list[Path]:
    cell = attempt.cell
    if not 1 <= len(preferences) <= MAX_MODELS:
        raise ConfigError(f"an export has 1 to {MAX_MODELS:,} models, found {len(preferences):,} preferences")
    require_free(folder, force=options.force)
    formats = _formats(suite_of(attempt), options)
    if options.head is not None and options.head not in cell.tasks:
        raise UnknownNameError("task of the run:", options.head, cell.tasks)
    run = restore_run(attempt)
    models = _models(run, preferences, options)
    writer = ExportWriter(run, formats, options.head)
    try:
        with export_folder(folder, force=options.force) as partial:
            written = []
            entries = []
            for number, (preference, params, measured) in enumerate(models):
                name = f"{number:0{len(str(len(preferences) - 1))}}" if several else ""
                written = writer.write(params, preference, measured, partial / name)
                entries.append((name, preference, measured))
            _mark(run, entries, formats, partial, several=several)
    except (OSError, SafetensorError) as error:
        raise StoreError(f"the export cannot be written to {folder} {because(error)}") from error
    return [folder / INDEX] if several else [folder / path.relative_to(partial) for path in written]


def _ordered(weights: Mapping[str, float], cell: Cell) -> NDArray[np.float64]:
    """Return a preference in the order of the run's tasks, checked."""
    if set(weights) != set(cell.tasks):
        raise PreferenceError(f"expected one weight for each of {', '.join(cell.tasks)}, found {', '.join(weights)}")
    return check_preference([weights[task] for task in cell.tasks], len(cell.tasks))


def _formats(suite: Suite, options: ExportOptions) -> tuple[str, ...]:
    """Return the formats to write.

    Raises:
        UnsupportedError: the one that is asked for does not fit the architecture.
        ConfigError: a head is asked for that none of them has a place for.
    """
    model = suite.library_model()
    usual = (STATE_DICT,) if model is None else (STATE_DICT, model.library)
    if options.format not in (None, *usual):  # asked for alone: to know what others fit, they are imported
        fitting = usual if model is None else (STATE_DICT, *model.libraries)
        if options.format not in fitting:
            raise UnsupportedError(
                f"models of {suite.name} are exported as {' or '.join(fitting)}, found {options.format}; "
                "no other library has their architecture"
            )
    formats = usual if options.format is None else (options.format,)
    if options.head is not None and formats == (STATE_DICT,):
        raise ConfigError(
            "a state dict is an encoder without a head, and those of all tasks are written beside it; leave --head out"
        )
    return formats


def _models(
    run: RestoredRun, preferences: Sequence[NDArray[np.float64]], options: ExportOptions
) -> Iterator[tuple[NDArray[np.float64], Params, MeasuredErrors | None]]:
    """Return an iterator of preference, weights and errors of every model; the first is made at once."""

    def made(preference: NDArray[np.float64]) -> tuple[NDArray[np.float64], Params, MeasuredErrors | None]:
        params = run.pareto_set.solve(preference)
        try:
            check_model(params, run.problem)
            check_finite(params)
            return preference, params, measured_errors(run, preference, params, measure=options.measure)
        except FrontError as error:
            title = run.attempt.cell.title
            raise StoreError(f"the model that {title} gives for this preference is not exported: {error}") from error

    first = made(preferences[0])  # before anything is written
    return itertools.chain([first], map(made, preferences[1:]))


def _mark(
    run: RestoredRun,
    entries: Sequence[tuple[str, NDArray[np.float64], MeasuredErrors | None]],
    formats: Sequence[str],
    folder: Path,
    *,
    several: bool,
) -> None:
    """Write the file that makes a folder an export, and the index of several models."""
    tasks = run.attempt.cell.tasks
    models = [
        {
            "folder": name,
            "preference": dict(zip(tasks, preference.tolist(), strict=True)),
            "errors": None if measured is None else measured.to_json(),
        }
        for name, preference, measured in entries
    ]
    about = {
        "exported": models,
        "formats": list(formats),
        "run": run.attempt.run_id,
        "cell": run.attempt.cell.to_json(),
    }
    (folder / MARK).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    if not several:
        return
    with (folder / INDEX).open("w", newline="", encoding="utf-8") as opened:
        table = csv.writer(opened)
        table.writerow(["folder", *(f"preference_{task}" for task in tasks), *(f"error_{task}" for task in tasks)])
        for name, preference, measured in entries:
            errors = [""] * len(tasks) if measured is None else [repr(error) for error in measured.error]
            table.writerow([name, *map(repr, preference.tolist()), *errors])
