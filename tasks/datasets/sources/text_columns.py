"""Which columns of a table hold the texts and the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....errors import DataError
from ....one_line import shown
from ...suite_file.schema import DataSpec
from ..classes.class_names import nearest

_PAIRS = (
    ("sentence1", "sentence2"),
    ("question1", "question2"),
    ("premise", "hypothesis"),
    ("question", "sentence"),
    ("#1 String", "#2 String"),
)
_SINGLE = ("text", "sentence")
_LABELS = ("label", "labels", "gold_label", "is_duplicate", "Quality")
"""Names of columns in GLUE, its TSV files and most others."""


@dataclass(frozen=True)
class TextColumns:
    """The columns that examples are made of."""

    texts: tuple[str, ...]
    label: str


def text_columns(known: Sequence[str], spec: DataSpec, where: str) -> TextColumns:
    """Return the columns of texts, one or two, and of labels.

    Args:
        known: the names of all columns.
        spec: may say which; usual names are looked for otherwise.
        where: the file, for the message.

    Raises:
        DataError: a column that was named is missing, or none has a usual name.
    """
    label = label_column(known, spec, where)
    if spec.text is not None:
        texts = (spec.text,) if isinstance(spec.text, str) else tuple(spec.text)
        for name in texts:
            _require(name, known, where)
        return TextColumns(texts, label)
    for names in (*_PAIRS, *((name,) for name in _SINGLE)):
        if all(name in known for name in names):
            return TextColumns(tuple(names), label)
    others = [name for name in known if name not in (label, "idx", "index", "id")]
    if len(others) == 1:
        return TextColumns((others[0],), label)
    raise DataError(f"{where} has the columns {_listed(known)}; say which holds the texts by `text`")


def label_column(known: Sequence[str], spec: DataSpec, where: str) -> str:
    """Return the column of labels.

    Raises:
        DataError: the column that was named is missing, or none has a usual name.
    """
    if spec.label is not None:
        _require(spec.label, known, where)
        return spec.label
    for name in _LABELS:
        if name in known:
            return name
    raise DataError(
        f"{where} has no column 'label', found {_listed(known)}; say which holds the labels by `label`, "
        f"or `header: false` where the first line is an example (test parts of GLUE have no labels: test on "
        f"`splits: {{test: dev}}`)"
    )


def _require(name: str, known: Sequence[str], where: str) -> None:
    if name not in known:
        raise DataError(f"{where} has no column {shown(name)}; {nearest(name, known)}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(shown(name, 60) for name in names[:12]) + (", ..." if len(names) > 12 else "")
