"""Small data sets in the layouts that people have, and the simplest formats of inputs."""

from __future__ import annotations

import numpy as np
from PIL import Image

from frontrunner.tasks.datasets.input_format import InputFormat
from frontrunner.tasks.suite_file.schema import DataSpec

SIDE = 4
LENGTH = 12


class TinyImages(InputFormat):
    """Images as (n, 3, 4, 4) bytes."""

    kind = "image"

    def __init__(self):
        self.n_stored = 0

    @property
    def key(self):
        return {"side": SIDE}

    def stored(self, examples):
        self.n_stored += len(examples)
        sized = [np.asarray(image.convert("RGB").resize((SIDE, SIDE))) for image in examples]
        return {"": np.stack(sized).transpose(0, 3, 1, 2)}

    def to_input(self, stored):
        return stored.float() / 255


class TinyTexts(InputFormat):
    """Texts as bytes of a fixed length, with a mask; the texts of a pair are joined by a bar."""

    kind = "text"

    @property
    def key(self):
        return {"length": LENGTH}

    def stored(self, examples):
        joined = ["|".join(texts).encode()[:LENGTH].ljust(LENGTH, b"\0") for texts in examples]
        ids = np.array([list(text) for text in joined], np.int64)
        return {"ids": ids, "mask": ids > 0}

    def to_input(self, stored):
        return stored


def image(value, *, mode="RGB"):
    """An image of one grey level, larger than what is stored."""
    return Image.new(mode, (9, 7), value if mode != "RGB" else (value, value, value))


def write_images(folder, sizes, *, first=0, suffix=".png"):
    """Class folder -> how many images of ever other grey levels; returns the next level."""
    for name, n in sizes.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(n):
            image(first % 256).save(folder / name / f"{i}{suffix}")
            first += 1
    return first


def data_spec(**keys):
    return DataSpec.model_validate(keys)


def texts_of(examples):
    """The texts that TinyTexts has stored."""
    return [bytes(row).rstrip(b"\0").decode() for row in examples.inputs["ids"].numpy().astype(np.uint8)]
