"""Build the images that vision-mini ships.

    python -m frontrunner.tasks.vision_mini.build_data --downloads DIR

Eight domains become one lossless WebP mosaic each, with `manifest.json` (labels, splits, hashes) and the table
of `PROVENANCE.md`. The same packages and the same versions of Pillow and NumPy give the same bytes. Users never
run this: the result is part of the repository, and this file is the record of how it was made.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from PIL import Image

from ...errors import DataError
from ..shipped_data.described_folder import PROVENANCE, describe_folder
from ..shipped_data.folder_budget import check_budget
from ..shipped_data.manifest import file_entry
from ..shipped_data.packages import source_of
from ..shipped_data.provenance import table_row
from ..shipped_data.split_shares import SPLITS
from ..shipped_data.unique_examples import unique_examples
from .build_sources import DOMAINS, TILE, Array, RawDomain
from .clip import ASSETS

COLUMNS = 50
BUDGET_BYTES = 13_000_000
"""The most bytes of the folder of images, which every clone and every wheel carries."""


def stratified_order(labels: Array, generator: np.random.Generator, per_class: int | None = None) -> Array:
    """Draw an order in which any contiguous part holds the classes in their overall shares.

    Each class is shuffled and spread evenly, with jitter, over [0, 1); sorting by that place interleaves them.
    So splits are plain ranges, and still stratified. At most `per_class` images of each class are drawn.
    """
    drawn, places = [], []
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))[:per_class]
        drawn.append(members)
        places.append((np.arange(len(members)) + generator.random(len(members))) / len(members))
    order: Array = np.concatenate(drawn)[np.argsort(np.concatenate(places), kind="stable")]
    return order


def split_ranges(count: int) -> dict[str, list[int]]:
    """Return `[start, end)` of each split; together they cover `range(count)` without overlap."""
    edges = np.rint(np.cumsum([0.0, *SPLITS.values()]) * count).astype(int).tolist()
    return {name: [start, end] for name, start, end in zip(SPLITS, edges[:-1], edges[1:], strict=True)}


def mosaic(tiles: Array, columns: int = COLUMNS) -> Array:
    """Join tiles (n, s, s, 3) to one image, row by row, `columns` a row; the last row is filled with black."""
    n, side = tiles.shape[:2]
    rows = -(-n // columns)
    grid = np.zeros((rows * columns, side, side, 3), dtype=np.uint8)
    grid[:n] = tiles
    grid = grid.reshape(rows, columns, side, side, 3).transpose(0, 2, 1, 3, 4)
    return grid.reshape(rows * side, columns * side, 3)


def tiles_of(image: Array, count: int, columns: int = COLUMNS, side: int = TILE) -> Array:
    """Return the first `count` tiles of a mosaic; the inverse of `mosaic`."""
    rows = image.shape[0] // side
    grid = image.reshape(rows, side, columns, side, 3).transpose(0, 2, 1, 3, 4)
    return grid.reshape(rows * columns, side, side, 3)[:count]


def webp(image: Array) -> bytes:
    """Encode an image as a lossless WebP, and decode it again to be sure.

    Raises:
        DataError: a pixel changed.
    """
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "WEBP", lossless=True, quality=100, method=6, exact=True)
    with Image.open(buffer) as decoded:
        if not np.array_equal(np.asarray(decoded.convert("RGB")), image):
            raise DataError("expected WebP to keep every pixel, found changed ones; use another Pillow build")
    return buffer.getvalue()


def pack(domain: RawDomain, downloads: Path, out: Path) -> tuple[dict[str, Any], str]:
    """Write the mosaic of one domain, and return its manifest entry and its row of the provenance table."""
    images, labels = domain.load(downloads)
    unique = unique_examples([image.tobytes() for image in images], labels)
    generator = np.random.default_rng(list(domain.name.encode()))  # by name: a new domain moves no other
    kept = unique.indices[stratified_order(labels[unique.indices], generator, domain.per_class)]
    content = webp(mosaic(images[kept]))
    file = f"{domain.name}.webp"
    (out / file).write_bytes(content)
    entry = {
        **file_entry(file, content),
        "columns": COLUMNS,
        "count": len(kept),
        "classes": list(domain.classes),
        "labels": labels[kept].tolist(),
        "splits": split_ranges(len(kept)),
        "licence": domain.licence,
        "source": source_of(domain.package, downloads),
    }
    counts = (len(images), unique.n_repeats, unique.n_contradictory, len(kept))
    size = f"{len(content) / 1e6:.2f} MB"
    return entry, table_row(domain.name, entry["source"], *counts, size, domain.licence)


def build(
    downloads: Annotated[Path, typer.Option(help="Folder of packages; what it lacks is fetched into it.")],
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = ASSETS,
) -> None:
    """Fetch what is missing and write the mosaics, the manifest and the provenance table."""
    out.mkdir(parents=True, exist_ok=True)
    entries: dict[str, Any] = {}
    rows = [
        "| domain | source | found | repeats dropped | contradictory dropped | shipped | size | licence |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for domain in DOMAINS:
        entries[domain.name], row = pack(domain, downloads, out)
        rows.append(row)
        typer.echo(row)
    files = describe_folder(
        out,
        (ASSETS / PROVENANCE).read_text(encoding="utf-8"),
        manifest={"version": 1, "tile": TILE, "domains": entries},
        rows=rows,
        files=[entry["file"] for entry in entries.values()],
        written_by="build_data",
    )
    size = check_budget(files, BUDGET_BYTES, "images", "lower a per_class")
    typer.echo(f"{size:,} bytes in {out}")


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(build)
    app()
