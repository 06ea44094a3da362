"""Labels as files have them, names or numbers, as codes."""

from __future__ import annotations

import numpy as np

from ....errors import DataError
from ....one_line import shown
from ..raw_split import Labels
from .class_names import are_numbers, class_number

MOST_CLASSES = 100_000
"""A column with more different labels is none of classes."""


class LabelCodes:
    """Collects the labels of a split, one row after the other."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}
        self._codes: list[int] = []
        self._n_unlabelled = 0
        self._unlabelled = ""

    def add(self, label: object, where: str) -> None:
        """Take the label of a row.

        Raises:
            DataError: it is none; `where` is named.
        """
        if isinstance(label, bool):
            label = int(label)
        if isinstance(label, float) and label.is_integer():
            label = int(label)
        if not isinstance(label, str | int):
            raise DataError(f"{where} has the label {shown(label, 60)}, expected a name or a number")
        name = str(label).strip()
        if not name:
            raise DataError(f"{where} has an empty label")
        if name == "-1":
            self._n_unlabelled += 1
            self._unlabelled = self._unlabelled or where
        code = self._number.setdefault(name, len(self._number))
        if code >= MOST_CLASSES:
            raise DataError(f"{where} has label number {MOST_CLASSES + 1:,} of a column; is it the column of labels?")
        self._codes.append(code)

    def labels(self) -> Labels:
        """Return all labels; names in alphabetical order, numbers in theirs.

        Raises:
            DataError: rows are labelled -1, as those are that have no label.
        """
        if self._n_unlabelled:
            advice = "drop these rows"
            if self._n_unlabelled == len(self._codes):
                advice = "test parts of GLUE are so; use another split, such as `splits: {test: validation}`"
            raise DataError(
                f"{self._unlabelled} has the label -1, which means none, and so have {self._n_unlabelled:,} of "
                f"{len(self._codes):,} in all; {advice}"
            )
        names = sorted(self._number)
        if are_numbers(names):
            names.sort(key=lambda name: class_number(name) or 0)
        place = {self._number[name]: k for k, name in enumerate(names)}
        order = np.array([place[code] for code in range(len(names))], np.int64)
        return Labels(tuple(names), order[np.array(self._codes, np.int64)])
