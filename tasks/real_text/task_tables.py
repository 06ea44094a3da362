"""The shipped texts of a task as Parquet files, one a split, as a suite file reads them."""

from __future__ import annotations

from pathlib import Path

from ..text_mini.texts import load_task

SPLITS = ("train", "val", "test")
"""The splits that are written: all but `pretrain`, since these models are pre-trained already."""


def write_task(task: str, folder: Path) -> None:
    """Write a task's splits to a folder, as columns `text` and `label`, the names of the classes.

    Args:
        task: one of text-mini's.
        folder: where they go.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    shipped = load_task(task)
    for split in SPLITS:
        texts, labels = shipped.splits[split]
        columns = {"text": texts, "label": [shipped.classes[label] for label in labels.tolist()]}
        pq.write_table(pa.table(columns), folder / f"{split}.parquet")
