"""A look at a task's data that decodes nothing: what splits, classes and mistakes there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import FrontrunnerError
from ..suite_file.schema import DataSpec
from .classes.class_list import given_classes
from .classes.known_sizes import size_notes
from .raw_split import Kind
from .sources.open_source import open_source
from .splits.located_data import locate


@dataclass(frozen=True)
class DataInspection:
    """What a task's data hold, as far as labels and names tell."""

    classes: tuple[str, ...] = ()
    """Canonical names by label; empty where there is a problem."""
    counts: Mapping[str, tuple[int, ...]] | None = None
    """Split -> examples of each class; splits that are carved may differ by a few where images are there twice."""
    notes: tuple[str, ...] = ()
    """What was decided for the user, one sentence each."""
    warnings: tuple[str, ...] = ()
    """What is probably not meant so, such as a class without an example."""
    problems: tuple[str, ...] = ()
    """Why the data cannot be used, one sentence each; empty where they can, as far as was looked."""


def inspect_task_data(
    task: str, spec: DataSpec, *, base: Path, canonical: Sequence[str] | None = None, kind: Kind | None = None
) -> DataInspection:
    """Return what a task's data hold, at the cost of listing files and reading labels.

    Args:
        task: the task's name.
        spec: its data, as the suite file has them.
        base: where relative paths start.
        canonical: names of the classes in the order of the head's outputs, None where the head does not say.
        kind: what the model takes, where that is known.
    """
    try:
        source = open_source(spec, base, kind=kind, classes=canonical or given_classes(spec, base))
        located = locate(source, spec, base, canonical, by_content=False)
    except FrontrunnerError as error:
        return DataInspection(problems=(str(error),))
    problems: tuple[str, ...] = ()
    if kind is not None and source.kind != kind:
        problems = (f"the model takes {kind}s, {source.name} holds {source.kind}s",)
    counts: dict[str, tuple[int, ...]] = {
        split: tuple(np.bincount(part.labels, minlength=len(located.classes)).tolist())
        for split, part in located.splits.items()
    }
    notes = (*located.notes, *size_notes(task, located.own_sizes))
    return DataInspection(located.classes, counts, notes, located.warnings, problems)
