"""The canonical classes of a task, and which of them every label of the data means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....errors import ConfigError, DataError
from ....one_line import shown
from ...suite_file.schema import DataSpec
from ..raw_split import Labels
from .class_names import (
    are_numbers,
    are_placeholders,
    class_number,
    main_name,
    match_classes,
    matched,
    nearest,
    normalised,
    require_distinct,
    unmatched,
)
from .name_list import listed_lines


@dataclass(frozen=True)
class ClassList:
    """Canonical classes with what the data call them."""

    classes: tuple[str, ...]
    """Canonical names by label."""
    in_data: tuple[str, ...]
    """What the data call them, by label; several names of one are parted by tabs."""
    notes: tuple[str, ...] = ()

    def canonical(self, labels: Labels, whose: str, where: Callable[[int], str]) -> NDArray[np.int64]:
        """Return canonical labels (n,) for those of a split.

        Args:
            labels: those of the split.
            whose: says in messages which split it is.
            where: says where the example at a position is.

        Raises:
            DataError: a name matches no class.
        """
        used = range(len(labels.names)) if labels.is_complete else sorted(set(labels.codes.tolist()))
        names = [labels.names[code] for code in used]
        try:
            positions = match_classes(names, self.in_data, whose=whose)
        except DataError as error:
            if labels.is_complete or len(odd := unmatched(names, self.in_data)) == 0:
                raise
            first = int(np.isin(labels.codes, [used[k] for k in odd]).argmax())
            raise DataError(f"{error}; first in {where(first)}") from error
        table = np.full(len(labels.names), -1, np.int64)
        table[list(used)] = positions
        return table[labels.codes]


def given_classes(spec: DataSpec, base: Path) -> tuple[str, ...] | None:
    """Return the classes that the suite file gives, by name or by a file with one a line; None where it gives none.

    Other names that data have for a class follow its own, each after a tab.

    Raises:
        ConfigError: the file cannot be read, has an empty line, or fewer than two are given.
    """
    if spec.classes is None:
        return None
    names = listed_lines(spec.classes, base, "`classes`")
    if len(names) < 2:
        raise ConfigError(f"`classes` names {len(names)} class, expected two or more")
    return names


def class_list(canonical: Sequence[str] | None, given: Sequence[str] | None, train: Labels, source: str) -> ClassList:
    """Return the canonical classes of a task.

    Args:
        canonical: what the head calls its classes, in its order; None where it does not say.
        given: what the suite file calls the classes of the data, in the same order.
        train: the labels of the training split, which decide where nothing else does.
        source: what messages call the data.

    Raises:
        DataError, ConfigError: lists are of different lengths, or two classes have one name.
    """
    head = None if canonical is None else tuple(canonical)
    unnamed = head is None or are_placeholders(head)
    if given is not None:
        require_distinct(given, "in `classes`")
        return _given(tuple(given), head, unnamed=unnamed)
    if head is not None:
        require_distinct(head, "of the head")
    if head is not None and not unnamed:
        return ClassList(head, head)
    own, note = _own(train, source)
    if head is None:
        return ClassList(own, own, note)
    if are_numbers(own) and len(own) <= len(head):  # classes without an example may be missing at the end
        own = tuple(str(k) for k in range(len(head)))
    if len(own) != len(head):
        from_one = are_numbers(own) and len(own) == len(head) + 1 and "0" not in train.names
        advice = "labels are counted from 0" if from_one else "give `classes`, one for every output, or another head"
        raise DataError(f"the head tells {len(head)} classes apart, {source} has {len(own)}: {_some(own)}; {advice}")
    return ClassList(own, own, note)


def missing_classes(found: ClassList, labels: Labels, canonical: NDArray[np.int64], whose: str) -> tuple[str, ...]:
    """Return the classes without an example.

    Raises:
        DataError: one of them has not even a place in the data, such as a folder or a number, though every class has
            one in such data.
    """
    absent = np.setdiff1d(np.arange(len(found.classes)), canonical)
    if labels.is_complete:
        positions = matched(labels.names, found.in_data)
        if not are_numbers(labels.names) or are_numbers(found.in_data):
            for k in absent:
                if k not in positions:
                    close = nearest(main_name(found.in_data[k]), labels.names)
                    raise DataError(f"the class {shown(main_name(found.in_data[k]))} is missing {whose}; {close}")
    return tuple(found.classes[k] for k in absent)


def _given(given: tuple[str, ...], head: tuple[str, ...] | None, *, unnamed: bool) -> ClassList:
    """Return the classes that the suite file gives, held against those of the head."""
    names = tuple(main_name(one) for one in given)
    if head is None:
        return ClassList(names, given)
    if len(given) != len(head):
        raise ConfigError(
            f"`classes` of the data names {len(given)} classes, the head tells {len(head)} apart; name one for every "
            f"output of the head"
        )
    if unnamed:
        return ClassList(names, given)
    positions = [k for k in matched(head, given) if k is not None]
    if sorted(positions) == list(range(len(head))):
        n_moved = sum(k != i for i, k in enumerate(positions))
        note = f"the order of `classes` differs from the head's, which counts: {n_moved} of {len(given)} are moved"
        return ClassList(head, tuple(given[k] for k in positions), (note,) if n_moved else ())
    i = next(i for i, name in enumerate(names) if normalised(name) != normalised(head[i]))
    pair = f"{shown(names[i])} is {shown(head[i])}"
    note = f"names in `classes` differ from the head's, so they are matched by position: {pair}"
    return ClassList(head, given, (note,))


def _own(train: Labels, source: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the classes that the data name, with a note on their order."""
    if are_numbers(train.names) and train.names:
        numbers = [class_number(name) or 0 for name in train.names]
        if max(numbers) > 100_000:
            raise DataError(f"{source} has the label {max(numbers)}; expected class numbers from 0, or names")
        own = tuple(str(k) for k in range(max(numbers) + 1))
        note = "the labels are numbers, and are taken for positions of the head's outputs, from 0"
        if min(numbers) == 1:
            note += "; none is 0: are they counted from 1?"
    else:
        own = train.names if train.is_ordered else tuple(sorted(train.names))
        order = "the data's" if train.is_ordered else "alphabetical"
        note = f"nothing names the head's classes: those of the data are taken in {order} order"
    if len(own) < 2:
        raise DataError(f"{source} has the single class {_some(own)}, expected two or more; is it the right path?")
    require_distinct(own, f"of {source}")
    return own, (note,)


def _some(names: Sequence[str]) -> str:
    return ", ".join(shown(name, 60) for name in names[:5]) + (", ..." if len(names) > 5 else "")
