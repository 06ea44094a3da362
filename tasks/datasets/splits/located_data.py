"""Which examples of a data set are in which split, under which canonical label; nothing is decoded yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....errors import DataError
from ...left_out import and_others
from ...suite_file.schema import DataSpec, Split
from ..classes.class_list import ClassList, class_list, given_classes, missing_classes
from ..classes.class_names import are_placeholders
from ..raw_split import DataSource, RawSplit, Tell, no_tell
from .carving import Positions, Ranks, carve, thin
from .split_choice import SplitChoice, choose_splits

ORDER: tuple[Split, ...] = ("train", "val", "test")


@dataclass(frozen=True)
class LocatedSplit:
    """Some examples of one of the data's own splits."""

    raw: RawSplit
    positions: Positions
    """Of these examples in it, ascending."""
    labels: NDArray[np.int64]
    """Their canonical labels."""
    contents: NDArray[np.uint64] | None
    """Numbers of their contents, where these were looked at."""


@dataclass(frozen=True)
class LocatedData:
    """The splits of a task."""

    splits: dict[Split, LocatedSplit]
    classes: tuple[str, ...]
    notes: tuple[str, ...]
    """What was decided for the user."""
    warnings: tuple[str, ...]
    """What is probably not meant so."""
    own_sizes: dict[Split, int]
    """How many examples the data's own splits have."""


def _take_all(raw: RawSplit, positions: Positions) -> None:
    """Refuse no example: the model is not known."""


def locate(
    source: DataSource,
    spec: DataSpec,
    base: Path,
    canonical: Sequence[str] | None,
    *,
    by_content: bool = True,
    tell: Tell = no_tell,
    require_usable: Callable[[RawSplit, Positions], None] = _take_all,
) -> LocatedData:
    """Return the splits of a task: chosen or carved, matched with the canonical classes, and thinned out.

    Args:
        source: the data.
        spec: the data, as the suite file has them.
        base: where relative paths start.
        canonical: the classes of the head in its order, None where it does not name them.
        by_content: look at contents, so that no example is in two splits that are carved; what is in two that are
            named is counted. Without, nothing but labels is read.
        tell: told how the reading goes.
        require_usable: refuses examples that the model cannot take, where there are too few different ones to carve.

    Raises:
        DataError, ConfigError, UnknownNameError: the data are not as they should be.
    """
    choice = choose_splits(source, spec)
    given = given_classes(spec, base)
    known = given or (None if canonical is None or are_placeholders(canonical) else canonical)
    raw = {split: source.open(name, known) for split, name in choice.own.items()}
    whose = {split: f"{name!r} of {source.name_of(name)}" for split, name in choice.own.items()}
    for split, one in raw.items():
        if len(one.labels) == 0:
            raise DataError(f"the split {whose[split]} is empty, expected one example or more")
    classes = class_list(canonical, given, raw["train"].labels, source.name_of(choice.own["train"]))
    labels = {split: classes.canonical(one.labels, f"in {whose[split]}", one.where) for split, one in raw.items()}
    contents = {split: one.contents(tell) if by_content else None for split, one in raw.items()}
    notes = [*choice.notes, *classes.notes, *(note for split, one in raw.items() for note in one.notes(split))]
    try:
        parts, carved = _parts(spec, choice, labels, contents)
    except DataError:
        if contents["train"] is not None:  # what is too few may be so because no example is one, as texts without words
            require_usable(raw["train"], np.sort(np.unique(contents["train"], return_index=True)[1]))
        raise
    notes += carved
    splits: dict[Split, LocatedSplit] = {}
    for split in ORDER:
        origin, positions = parts[split]
        seen = contents[origin]
        splits[split] = LocatedSplit(
            raw[origin], positions, labels[origin][positions], None if seen is None else seen[positions]
        )
    without = missing_classes(classes, raw["train"].labels, labels["train"], f"in {whose['train']}")
    warnings = [*_shared(splits), *_without_examples(without, splits, classes)]
    own_sizes = {split: len(one.labels) for split, one in raw.items()}
    return LocatedData(splits, classes.classes, tuple(dict.fromkeys(notes)), tuple(warnings), own_sizes)


def _parts(
    spec: DataSpec,
    choice: SplitChoice,
    labels: dict[Split, NDArray[np.int64]],
    contents: dict[Split, NDArray[np.uint64] | None],
) -> tuple[dict[Split, tuple[Split, Positions]], list[str]]:
    """Return for every split the one that it comes from with the positions in that, and notes on what was carved."""
    parts: dict[Split, tuple[Split, Positions]] = {}
    notes = []
    orders = {split: Ranks(contents[split], len(of), spec.split_seed) for split, of in labels.items()}
    for split in choice.own:
        parts[split] = (split, np.arange(len(labels[split])))
    n = len(labels["train"])
    for split in reversed(ORDER):
        if split in parts:
            continue
        rest = parts["train"][1]
        chosen = carve(labels["train"], orders["train"], max(1, round(spec.val_share * n)), rest)
        rest = np.setdiff1d(rest, chosen, assume_unique=True)
        if len(rest) == 0:
            different = len(np.unique(orders["train"].group))
            raise DataError(
                f"train has {different} different example{'' if different == 1 else 's'}, too few to carve {split} "
                f"from; name a split for {split}"
            )
        parts["train"], parts[split] = ("train", rest), ("train", chosen)
        notes.append(f"{split}: {len(chosen):,} of {n:,} of {choice.own['train']}, seed {spec.split_seed}")
    for split, at_most in spec.at_most.items():
        origin, positions = parts[split]
        kept = thin(labels[origin], orders[origin], at_most, positions)
        if len(kept) < len(positions):
            notes.append(f"{split}: {len(kept):,} of {len(positions):,} by at_most, seed {spec.split_seed}")
        parts[split] = (origin, kept)
    return parts, notes


def _shared(splits: dict[Split, LocatedSplit]) -> list[str]:
    """Say how many examples are in two splits."""
    found = []
    for first, second in combinations(ORDER, 2):
        one, other = splits[first].contents, splits[second].contents
        if one is not None and other is not None and (n := int(np.isin(other, one).sum())):
            found.append(f"{n:,} of {len(other):,} examples of {second} are also in {first}")
    return found


def _without_examples(without: Sequence[str], splits: dict[Split, LocatedSplit], classes: ClassList) -> list[str]:
    """Name the classes without an example in a split."""
    found = []
    if without:
        found.append(f"no example in train for {_listed(without)}")
    for split in ORDER:
        absent = np.setdiff1d(np.arange(len(classes.classes)), splits[split].labels)
        names = [classes.classes[k] for k in absent]
        if names and (split != "train" or not without):
            found.append(f"no example in {split} for {_listed(names)}")
    return found


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names[:5]) + and_others(len(names) - 5, "other class", "other classes")
