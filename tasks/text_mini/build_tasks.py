"""What is shipped of each task's texts and of the corpus, so that no text is in two splits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import DataError
from ..shipped_data.split_shares import SPLITS
from ..shipped_data.unique_examples import UniqueExamples, unique_examples
from .build_splits import CAPS, chosen, place_of, split_at, splits_of_units
from .build_text_sources import RawTask, RawText
from .normalised_text import normalised


@dataclass(frozen=True)
class SplitTask:
    """The unique texts of a task, by split."""

    found: int
    """How many texts with a letter or digit its loader read, repeats included."""
    unique: UniqueExamples
    """What the search for duplicates found."""
    shipped: Mapping[str, Sequence[RawText]]
    """Split -> what is shipped."""
    spare: Sequence[str]
    """Texts of the pretrain split that its cap leaves out."""


def split_task(task: RawTask, found: Sequence[RawText]) -> SplitTask:
    """Remove duplicates from a task's texts, and choose those of each split.

    Raises:
        DataError: a split lacks a class.
    """
    found = [raw for raw in found if normalised(raw.text)]
    unique = unique_examples([normalised(raw.text) for raw in found], np.array([raw.label for raw in found]))
    kept = [found[index] for index in unique.indices]
    of_unit = splits_of_units([raw.unit for raw in kept if raw.unit])
    places = [place_of(raw.text) for raw in kept]
    of_text = [of_unit.get(raw.unit) or split_at(place) for raw, place in zip(kept, places, strict=True)]
    shipped, spare = {}, []
    for split in SPLITS:
        members = [index for index, name in enumerate(of_text) if name == split]
        labels = [kept[index].label for index in members]
        lacking = [name for label, name in enumerate(task.classes) if label not in labels]
        if lacking:
            raise DataError(f"expected every class of {task.name!r} in its {split} split, found no {lacking[0]!r}")
        order = chosen(labels, [places[index] for index in members], CAPS[split], balanced=task.balanced)
        shipped[split] = [kept[members[index]] for index in order]
        if split == "pretrain":
            spare = [kept[members[index]].text for index in sorted(set(range(len(members))) - set(order))]
    return SplitTask(len(found), unique, shipped, spare)


def splits_of_texts(tasks: Mapping[str, SplitTask]) -> dict[str, str]:
    """Return the split of every normalised text of all tasks.

    Raises:
        DataError: a text is in one split of one task and in another of another.
    """
    seen: dict[str, str] = {}
    for name, task in tasks.items():
        for split, rows in task.shipped.items():
            for row in rows:
                if seen.setdefault(normalised(row.text), split) != split:
                    raise DataError(
                        f"expected each text in one split of all tasks, found {row.text!r} of {name!r} in "
                        f"{seen[normalised(row.text)]} and in {split}; give what shares it no unit"
                    )
    return seen


def corpus_texts(
    sources: Mapping[str, Iterable[str]], seen: Mapping[str, str], most_characters: int
) -> dict[str, list[str]]:
    """Return further texts to pre-train on by their source, none of which a task has.

    Args:
        sources: earlier ones are taken first, each in the order of its texts' hashes.
        seen: the normalised texts of the tasks.
        most_characters: the most characters in all.
    """
    taken: dict[str, list[str]] = {name: [] for name in sources}
    known = set(seen) | {""}
    room = most_characters
    for name, texts in sources.items():
        for text in sorted(texts, key=lambda text: (place_of(text), text)):
            if normalised(text) not in known and len(text) <= room:
                known.add(normalised(text))
                taken[name].append(text)
                room -= len(text)
    return taken
