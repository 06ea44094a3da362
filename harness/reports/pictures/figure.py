"""Parts that all printed pictures share: a figure without a screen, text that is not typeset, the choice of a scale."""

from __future__ import annotations

import importlib
import logging
import os
import sys
import textwrap
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....whole_file import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMALL_PIXELS = 640
"""The width of a small copy of a picture: that of the column in which MLflow describes a run."""
PNG_LEVEL = 3
"""How hard PNG files are compressed, of 9: higher levels take twice the time to save a twentieth."""
LEGEND_LETTERS = 28
"""Letters of a line of a legend; longer names are folded."""
_LEGEND_LINE_INCHES = 0.23
_NO_WIDTH = "\u200b"
"""Before a name that begins with an underscore, which matplotlib takes for one that no legend shows."""
WIDE = 20.0
"""An axis is logarithmic where its largest value is more than this many times the smallest."""
FORMATS: dict[str, dict[str, str | None]] = {".png": {}, ".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
"""Endings of the files that a figure can be written to, each with the metadata that is set or, if None, left out."""


def new_figure(size: tuple[float, float], title: str, *, dpi: int = 120) -> Figure:
    """Return an empty figure with a title at its upper left, folded to the width.

    Args:
        size: width and height in inches.
        title: shown as it is.
        dpi: dots per inch.
    """
    import_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=dpi, layout="constrained")
    FigureCanvasAgg(figure)
    folded = textwrap.fill(title, int(10 * size[0]))  # about ten characters an inch
    figure.suptitle(escape_mathtext(folded), fontsize=14, x=0.01, horizontalalignment="left")
    return figure


def legend_name(name: str) -> str:
    """Return a name as a legend shows it: folded, and not typeset."""
    shown = escape_mathtext(textwrap.fill(name, LEGEND_LETTERS))
    return f"{_NO_WIDTH}{shown}" if shown.startswith("_") else shown


def shortened(text: str, letters: int) -> str:
    """Return a text of at most so many letters, the last of them an ellipsis where some are left out."""
    return text if len(text) <= letters else f"{text[: letters - 1]}…"


def height_beside_legend(height: float, names: Iterable[str], *, more_lines: int = 0) -> float:
    """Return the height in inches of a figure beside which a legend of these names fits.

    Args:
        height: the least height.
        names: the names as they are, before `legend_name`.
        more_lines: lines of the legend beside those of the names.
    """
    lines = sum(max(len(textwrap.wrap(name, LEGEND_LETTERS)), 1) for name in names) + more_lines
    return max(height, 1.0 + _LEGEND_LINE_INCHES * lines)  # an inch for the title


def save_figure(figure: Figure, path: str | Path, small: Path | None = None) -> None:
    """Write a figure, whole or not at all, in the format that the path's ending names: one of `FORMATS`.

    The same figure gives the same file, without a date. Text of a PDF can be searched and edited. A letter that no font
    has is a box, without a warning for each.

    Args:
        figure: what is drawn.
        path: the file.
        small: the PNG file that a copy of `SMALL_PIXELS` in width is written to, if any, where the file is one.
    """
    import matplotlib

    file = Path(path)
    with (
        warnings.catch_warnings(),
        # 42: TrueType, since publishers refuse Type 3; the salt names the parts of an SVG
        matplotlib.rc_context({"pdf.fonttype": 42, "svg.hashsalt": "frontrunner"}),
        replacing(file) as partial,
    ):
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        if (layout := figure.get_layout_engine()) is not None:
            layout.execute(figure)
            figure.set_layout_engine("none")  # else `savefig` goes through all artists twice, once to lay them out
        form = file.suffix.removeprefix(".")
        further: dict[str, Any] = {"pil_kwargs": {"compress_level": PNG_LEVEL}} if form == "png" else {}
        figure.savefig(partial, format=form, metadata=FORMATS[file.suffix], **further)
        if small is not None:
            _scale_down(partial, small)


def _scale_down(file: Path, small: Path) -> None:
    """Write a copy of a PNG file of `SMALL_PIXELS` in width, in a tenth of the time that drawing it again takes."""
    from PIL import Image

    with Image.open(file, formats=["PNG"]) as picture:
        size = (SMALL_PIXELS, round(picture.height * SMALL_PIXELS / picture.width))
        scaled = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        scaled.save(small, format="PNG", compress_level=PNG_LEVEL)


def import_matplotlib() -> None:
    """Import matplotlib without what the environment says about screens and styles, of which pictures need nothing.

    A notebook's commands inherit a backend that may not be installed where they run, or a name that matplotlib refuses.
    """
    if "matplotlib" in sys.modules:
        return
    set_aside = {name: os.environ.pop(name) for name in ("MPLBACKEND", "MATPLOTLIBRC") if name in os.environ}
    log = logging.getLogger("matplotlib")
    level = log.level
    log.setLevel(logging.ERROR)  # it warns of every line of a settings file, and of a cache that it cannot write
    try:
        importlib.import_module("matplotlib.figure")
    finally:
        log.setLevel(level)
        os.environ.update(set_aside)


def escape_mathtext(text: str) -> str:
    """Escape what matplotlib would typeset as mathematics."""
    return text.replace("$", r"\$")


def is_wide(values: Sequence[float]) -> bool:
    """Return whether the values are positive and differ so much that a logarithmic axis shows them better."""
    return len(values) > 0 and min(values) > 0 and max(values) > WIDE * min(values)
