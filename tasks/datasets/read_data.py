"""Read one task's data: decoded once into the cache, mapped from there by every cell."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...errors import ConfigError, FrontrunnerError
from ...file_digest import digest_files
from ..examples import Examples
from ..progress import Progress, silent
from ..suite_file.schema import DataSpec
from .classes.class_list import given_classes
from .classes.known_sizes import size_notes
from .input_format import InputFormat
from .raw_split import Tell
from .sources.open_source import deciding, open_source
from .splits.located_data import LocatedData, locate
from .splits.split_choice import choose_splits
from .stored.decoding import require_storable, store_inputs
from .stored.entry_writer import EntryWriter
from .stored.example_cache import StoredExamples, cached_examples
from .task_data import TaskData

_LABELS = "labels"


def read_task_data(
    task: str,
    spec: DataSpec,
    format: InputFormat,
    *,
    base: Path,
    canonical: Sequence[str] | None = None,
    progress: Progress = silent,
) -> TaskData:
    """Return the examples of a task, mapped from the cache.

    The first time they are decoded or tokenised and written there, a few at a time; later a look at the files' times
    is all it takes. Processes that want the same share it.

    Args:
        task: the task's name.
        spec: its data, as the suite file has them.
        format: how raw examples become what is stored.
        base: where relative paths start.
        canonical: names of the classes in the order of the head's outputs, None where the head does not say; then
            those that `spec` gives, or else those that the data name.
        progress: told how it goes.

    Raises:
        DataError: files are missing, damaged or of another form, classes do not match, or the disk is full.
        ConfigError, UnknownNameError: `spec` does not fit the data or the model.
    """
    with about_task(task):
        given = given_classes(spec, base)
        source = open_source(spec, base, kind=format.kind, classes=canonical or given)
        if source.kind != format.kind:
            raise ConfigError(
                f"the model takes {format.kind}s, {source.name} holds {source.kind}s; another column may be named by "
                f"`{format.kind}`"
            )
        content = source.digest(choose_splits(source, spec).own, _told(progress, f"read {task}", "files"))
        key = {
            "content": content,
            "data": deciding(spec),
            "classes": given,
            "head": None if canonical is None else list(canonical),
            "format": _format_key(format),
        }

        def make(entry: EntryWriter) -> Mapping[str, Any]:
            tell = _told(progress, f"compare {task}", f"{format.kind}s")
            usable = functools.partial(require_storable, format=format)
            located = locate(source, spec, base, canonical, tell=tell, require_usable=usable)
            return _store(task, located, format, entry, content, progress)

        def waits() -> None:
            progress(f"wait for another process that reads {task}", 0, 1, unit="")

        return _as_task_data(task, format, cached_examples(key, _code(), make, waits))


def data_digest(spec: DataSpec, base: Path, progress: Progress = silent) -> str:
    """Return the digest of all that decides a task's examples before a model is known: files, classes and splits.

    The same files in another folder have the same digest.

    Raises:
        DataError, ConfigError, UnknownNameError: there are no such data.
    """
    given = given_classes(spec, base)
    content = ""
    if spec.generated is None:
        source = open_source(spec, base)
        content = source.digest(choose_splits(source, spec).own, _told(progress, "read data", "files"))
    return _digest([content, deciding(spec), given])


@contextlib.contextmanager
def about_task(task: str) -> Iterator[None]:
    """Put the path of a task's data in the suite file before errors of them."""
    try:
        yield
    except FrontrunnerError as error:
        error.args = (f"tasks.{task}.data: {error}",)
        raise


def _store(
    task: str, located: LocatedData, format: InputFormat, entry: EntryWriter, content: str, progress: Progress
) -> Mapping[str, Any]:
    """Write the arrays of all splits, and return what else is known of them."""
    arrays: dict[str, list[str]] = {}
    membership = {}
    notes = [*located.notes, *located.warnings]
    n_ahead = sum(len(part.labels) for part in located.splits.values())
    for split, part in located.splits.items():
        prefix = f"{split}/inputs/"
        doing = "decode" if format.kind == "image" else "tokenize"
        tell = _told(progress, f"{doing} {task} {split}", f"{format.kind}s")
        arrays[split] = store_inputs(part.raw, part.positions, format, entry, prefix=prefix, n_ahead=n_ahead, tell=tell)
        n_ahead -= len(part.labels)
        with entry.array(f"{split}/{_LABELS}", len(part.labels)) as writer:
            writer.append(part.labels.astype(np.int64))
        made = format.notes({name: entry.written(prefix + name) for name in arrays[split]})
        notes += [f"{split}: {note.rstrip('.')}" for note in made]
        membership[split] = [hashlib.sha256(rows.tobytes()).hexdigest() for rows in (part.positions, part.labels)]
    return {
        "arrays": arrays,
        "classes": list(located.classes),
        "notes": notes,
        "warnings": list(located.warnings),
        "own_sizes": located.own_sizes,
        "digest": _digest([content, list(located.classes), membership]),
    }


def _as_task_data(task: str, format: InputFormat, stored: StoredExamples) -> TaskData:
    splits: dict[str, Examples] = {}
    for split, names in stored.facts["arrays"].items():
        mapped = {name: torch.from_numpy(stored.arrays[f"{split}/inputs/{name}"]) for name in names}
        inputs: Any = mapped[""] if list(mapped) == [""] else mapped
        splits[split] = Examples(inputs, torch.from_numpy(stored.arrays[f"{split}/{_LABELS}"].copy()))
    facts = stored.facts
    notes = (*facts["notes"], *size_notes(task, facts["own_sizes"]))
    digest = _digest([facts["digest"], _format_key(format), dict(format.facts)])
    return TaskData(splits, tuple(facts["classes"]), digest, notes, tuple(facts["warnings"]))


def _format_key(format: InputFormat) -> dict[str, Any]:
    return {"class": f"{type(format).__module__}.{type(format).__qualname__}", **format.key}


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _told(progress: Progress, activity: str, unit: str) -> Tell:
    return lambda step, total: progress(activity, step, total, unit=unit)


@functools.cache
def _code() -> str:
    """Return the digest of the code that reads data: entries that other code made are made again."""
    return digest_files(*sorted(Path(__file__).parent.rglob("*.py")))
