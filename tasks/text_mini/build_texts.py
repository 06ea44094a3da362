"""Build the texts that text-mini ships.

    python -m frontrunner.tasks.text_mini.build_texts --downloads DIR

Every task becomes one Parquet file, and further text to pre-train on another, with `manifest.json` (classes, counts,
hashes) and the table of `PROVENANCE.md`. The same packages and the same version of PyArrow give the same bytes. Users
never run this: the result is part of the repository, and this file is the record of how it was made.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ..shipped_data.described_folder import PROVENANCE, describe_folder
from ..shipped_data.folder_budget import check_budget
from ..shipped_data.manifest import file_entry
from ..shipped_data.packages import source_of
from ..shipped_data.provenance import table_row
from .build_tasks import SplitTask, corpus_texts, split_task, splits_of_texts
from .build_text_sources import CORPUS, TASKS, RawTask
from .texts import ASSETS

BUDGET_BYTES = 5_200_000
"""The most bytes of the folder of texts, which every clone and every wheel carries beside the model."""
CORPUS_CHARACTERS = 7_000_000
"""The most characters of text to pre-train on beside the tasks' own."""


def parquet(columns: Mapping[str, Any]) -> bytes:
    """Write columns as Parquet, in one row group, compressed as far as Zstandard goes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(
        pa.table(dict(columns)),
        buffer,
        compression="zstd",
        compression_level=22,
        use_dictionary=["split"],
        data_page_size=2**26,
        write_statistics=False,
        store_schema=False,
    )
    return buffer.getvalue()


def pack_task(task: RawTask, made: SplitTask, downloads: Path, out: Path) -> tuple[dict[str, Any], str]:
    """Write the file of one task, and return its manifest entry and its row of the provenance table."""
    import pyarrow as pa

    rows = [(row.text, row.label, split) for split, members in made.shipped.items() for row in members]
    texts, labels, splits = zip(*rows, strict=True)
    content = parquet({"text": texts, "label": pa.array(labels, pa.int8()), "split": splits})
    file = f"{task.name}.parquet"
    (out / file).write_bytes(content)
    entry = {
        **file_entry(file, content),
        "classes": list(task.classes),
        "split_by": task.split_by,
        "splits": {split: len(members) for split, members in made.shipped.items()},
        "licence": task.licence,
        "source": source_of(task.package, downloads),
    }
    counts = (made.found, made.unique.n_repeats, made.unique.n_contradictory, len(rows))
    size = f"{len(content) / 1e6:.2f} MB"
    return entry, table_row(task.name, entry["source"], *counts, size, task.licence)


def pack_corpus(tasks: Mapping[str, SplitTask], downloads: Path, out: Path) -> tuple[dict[str, Any], list[str]]:
    """Write the file of further texts, and return its manifest entry and its rows of the provenance table."""
    found = {f"rest of {name}": list(task.spare) for name, task in tasks.items() if task.spare}
    found |= {source.name: list(source.load(downloads)) for source in CORPUS}
    texts = corpus_texts(found, splits_of_texts(tasks), CORPUS_CHARACTERS)
    content = parquet({"text": [text for members in texts.values() for text in members]})
    (out / "corpus.parquet").write_bytes(content)
    origins = {f"rest of {task.name}": (task.package, task.licence) for task in TASKS}
    origins |= {source.name: (source.package, source.licence) for source in CORPUS}
    entry = {
        **file_entry("corpus.parquet", content),
        "sources": {name: len(members) for name, members in texts.items()},
        "licence": "; ".join(dict.fromkeys(origins[name][1] for name in texts)),
        "source": ", ".join(dict.fromkeys(source_of(origins[name][0], downloads) for name in texts)),
    }
    rows = [
        table_row(
            f"corpus: {name}", source_of(origins[name][0], downloads), len(found[name]), "", "", len(members),
            f"{len(content) / 1e6:.2f} MB in all", origins[name][1],
        )
        for name, members in texts.items()
    ]  # fmt: skip
    return entry, rows


def build(
    downloads: Annotated[Path, typer.Option(help="Folder of packages; what it lacks is fetched into it.")],
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = ASSETS,
) -> None:
    """Fetch what is missing and write the texts, the manifest and the provenance table."""
    out.mkdir(parents=True, exist_ok=True)
    rows = [
        "| task | source | found | repeats dropped | contradictory dropped | shipped | size | licence |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    tasks = {task.name: split_task(task, list(task.load(downloads))) for task in TASKS}
    entries = {}
    for task in TASKS:
        entries[task.name], row = pack_task(task, tasks[task.name], downloads, out)
        rows.append(row)
    corpus, corpus_rows = pack_corpus(tasks, downloads, out)
    rows += corpus_rows
    files = describe_folder(
        out,
        (ASSETS / PROVENANCE).read_text(encoding="utf-8"),
        manifest={"version": 1, "tasks": entries, "corpus": corpus},
        rows=rows,
        files=[*(entry["file"] for entry in entries.values()), corpus["file"]],
        written_by="build_texts",
    )
    typer.echo("\n".join(rows))
    size = check_budget(files, BUDGET_BYTES, "texts", "lower CORPUS_CHARACTERS or CAPS")
    typer.echo(f"{size:,} bytes in {out}")


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(build)
    app()
