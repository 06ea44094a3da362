"""Reading the shipped texts: one Parquet file a task and one to pre-train on, described by `manifest.json`."""

from __future__ import annotations

import functools
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from ..shipped_data.manifest import read_manifest, read_shipped

if TYPE_CHECKING:
    import pyarrow as pa

ASSETS = Path(__file__).parent / "assets"


class LabelledTexts(NamedTuple):
    """The texts of one split of a task."""

    texts: list[str]
    """n texts."""
    labels: Tensor
    """(n,) int64."""


class TextTask(NamedTuple):
    """One text task as it is shipped."""

    classes: tuple[str, ...]
    """The names of its classes, by label."""
    splits: Mapping[str, LabelledTexts]
    """Split name -> its texts."""


@functools.cache
def manifest() -> Mapping[str, Any]:
    """Read the description of every task; the suite's tasks are its keys, in their order.

    Raises:
        DataError: it is missing or damaged.
    """
    return read_manifest(ASSETS, "tasks")


def _table(entry: Mapping[str, Any], what: str) -> pa.Table:
    import pyarrow.parquet as pq

    return pq.read_table(io.BytesIO(read_shipped(ASSETS, entry, what)))


def load_task(name: str) -> TextTask:
    """Read all splits of one task.

    Raises:
        DataError: the file is missing, truncated or is not the one the manifest describes.
    """
    entry = manifest()[name]
    columns = _table(entry, f"texts of {name!r}").to_pydict()
    splits = {}
    for split in entry["splits"]:
        rows = [row for row, its_split in enumerate(columns["split"]) if its_split == split]
        texts = [columns["text"][row] for row in rows]
        splits[split] = LabelledTexts(texts, torch.tensor([columns["label"][row] for row in rows]))
    return TextTask(tuple(entry["classes"]), splits)


def load_corpus() -> list[str]:
    """Read the texts to pre-train on, each once: the pretrain split of every task, and further ones without labels.

    None of them is in another split of any task.

    Raises:
        DataError: a file is missing, truncated or is not the one the manifest describes.
    """
    of_tasks = [text for name in manifest() for text in load_task(name).splits["pretrain"].texts]
    further = _table(read_manifest(ASSETS, "corpus"), "texts to pre-train on")["text"].to_pylist()
    return list(dict.fromkeys([*of_tasks, *further]))
