"""Decode one image with Pillow, or say in one sentence why it cannot be decoded."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ....errors import DataError
from ....one_line import as_one_line
from ....os_errors import because, of_the_machine
from ...weight_files.refused_files import LFS
from ..raw_split import RawImage

if TYPE_CHECKING:
    from PIL.Image import Image


def open_image(image: RawImage) -> Image:
    """Return an image, decoded.

    Raises:
        DataError: it is damaged, no image, larger than Pillow takes for safe, or cannot be read.
    """
    import PIL.Image

    content = image.content
    if not isinstance(content, bytes | Path):
        return content
    try:
        encoded = content.read_bytes() if isinstance(content, Path) else content
    except OSError as error:
        raise DataError(f"{image.where} cannot be read {because(error)}") from error
    if not encoded:
        raise DataError(f"{image.where} is empty, expected an image")
    if encoded.startswith(LFS):
        raise DataError(f"{image.where} is a pointer of Git LFS, not the image; run `git lfs pull` in its repository")
    try:
        opened = PIL.Image.open(io.BytesIO(encoded))
        opened.load()
    except (PIL.Image.DecompressionBombWarning, PIL.Image.DecompressionBombError) as error:
        raise DataError(f"{image.where} is too large to be decoded: {as_one_line(str(error), 200)}") from error
    except MemoryError:
        raise
    except Exception as error:  # decoders raise OSError, SyntaxError, struct.error and more on damaged files
        if of_the_machine(error) and not isinstance(error, OSError):
            raise
        why = "no image format that Pillow knows" if isinstance(error, PIL.UnidentifiedImageError) else str(error)
        raise DataError(f"{image.where} cannot be decoded ({as_one_line(why, 200)}); replace or delete it") from error
    return opened


@contextlib.contextmanager
def strict_pillow() -> Iterator[None]:
    """Make an error of Pillow's warning that an image is too large, and silence its others, on odd metadata."""
    import PIL.Image

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        warnings.simplefilter("error", PIL.Image.DecompressionBombWarning)
        yield
