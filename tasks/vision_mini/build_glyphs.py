"""The glyphs domain: letters and figures of ten scripts, drawn with Noto fonts, to be told apart by script."""

from __future__ import annotations

import io
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageDraw, ImageFont

from ..shipped_data.archive_members import tar_members
from ..shipped_data.packages import Package, fetch

Array = np.ndarray[Any, np.dtype[Any]]
FONTS = Package(registry="Debian", name="fonts-noto-core")
SCRIPTS = (
    "latin", "greek", "cyrillic", "armenian", "georgian",
    "hebrew", "arabic", "devanagari", "thai", "ethiopic",
)  # fmt: skip
TILE = 32
PAGE = 256
"""Side of the canvas that a glyph is drawn on before it is cropped; four times the type size cuts none off."""


def _families(script: str) -> tuple[str, ...]:
    """Return the Noto families that draw a script; Arabic styles have names of their own."""
    if script in {"latin", "greek", "cyrillic"}:
        return ("NotoSans", "NotoSerif")
    if script == "arabic":
        return ("NotoSansArabic", "NotoNaskhArabic", "NotoKufiArabic")
    return (f"NotoSans{script.title()}", f"NotoSerif{script.title()}")


def _characters(face: bytes, script: str) -> list[str]:
    """Return the letters and figures of `script` that the font draws, by code point.

    They are those of the ordinary blocks and the presentation forms, which Hebrew needs to reach its share; beyond
    them lie phonetic and medieval Latin that few would call Latin.
    """
    return [
        chr(code)
        for code in sorted(FT2Font(io.BytesIO(face)).get_charmap())
        if (code < 0x2000 or 0xFB00 <= code < 0xFE00)
        and unicodedata.category(chr(code)) in {"Lu", "Ll", "Lo", "Nd", "No"}
        and unicodedata.name(chr(code), "").startswith(script.upper())
    ]


def _outlines(faces: dict[str, bytes]) -> Iterator[tuple[int, Image.Image]]:
    """Yield the script and the cropped drawing (ink 255) of every character in every face that has it."""
    for label, script in enumerate(SCRIPTS):
        for family in _families(script):
            for weight in ("Regular", "Bold"):
                face = faces[f"{family}-{weight}.ttf"]
                # The basic layout is built into Pillow; the other one depends on a library of the system.
                font = ImageFont.truetype(io.BytesIO(face), 64, layout_engine=ImageFont.Layout.BASIC)
                for character in _characters(face, script):
                    page = Image.new("L", (PAGE, PAGE))
                    ImageDraw.Draw(page).text((PAGE // 4, PAGE // 4), character, fill=255, font=font)
                    box = page.getbbox()
                    if box is not None:
                        yield label, page.crop(box)


def glyphs(downloads: Path) -> tuple[Array, Array]:
    """Draw all glyphs black on white, fitted into the tile with a mild, seeded variation of size and place.

    A drawing that two scripts share (A of Latin, Greek and Cyrillic) has no right answer and is left out of all.
    They are left out here, before the variation makes equal drawings differ.
    """
    faces = dict(_faces(downloads))
    scripts_of: dict[tuple[int, bytes], set[int]] = defaultdict(set)
    drawings: dict[tuple[int, bytes], Image.Image] = {}
    for label, drawing in _outlines(faces):
        key = (drawing.width, drawing.tobytes())
        scripts_of[key].add(label)
        drawings[key] = drawing
    generator = np.random.default_rng(list(b"glyphs drawn"))
    own = [(key, labels.pop()) for key, labels in scripts_of.items() if len(labels) == 1]
    images = [_tile(drawings[key], generator) for key, _ in own]
    return np.stack(images), np.array([label for _, label in own])


def _faces(downloads: Path) -> Iterator[tuple[str, bytes]]:
    wanted = {f"{family}-{weight}.ttf" for s in SCRIPTS for family in _families(s) for weight in ("Regular", "Bold")}
    for name, content in tar_members(fetch(FONTS, downloads), lambda name: Path(name).name in wanted):
        yield Path(name).name, content


def _tile(drawing: Image.Image, generator: np.random.Generator) -> Array:
    longest = int(generator.integers(20, 27))
    scale = longest / max(drawing.size)
    size = (max(1, round(drawing.width * scale)), max(1, round(drawing.height * scale)))
    shift = generator.integers(-2, 3, size=2)
    place = ((TILE - size[0]) // 2 + int(shift[0]), (TILE - size[1]) // 2 + int(shift[1]))
    ink = Image.new("L", (TILE, TILE))
    ink.paste(drawing.resize(size, Image.Resampling.LANCZOS), place)
    return np.repeat(255 - np.asarray(ink)[..., None], 3, axis=2)
