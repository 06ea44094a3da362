"""Make examples of models and data as people have them."""

from __future__ import annotations

from pathlib import Path

from ...errors import ConfigError, DataError
from ...os_errors import because
from ..progress import Progress, silent
from ..threads import cpu_threads


def make_example(folder: Path, kind: str, progress: Progress = silent) -> None:
    """Write an example to a new folder.

    Args:
        folder: must not exist yet, or be empty.
        kind: `images` or `texts`.
        progress: told how it goes.

    Raises:
        ConfigError: the folder is in use, or there is no such kind.
        DataError: it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} exists already and is not empty; name a new folder")
    try:
        if kind == "images":
            from .example_images import make_image_example

            with cpu_threads(1):  # small models are as fast on one, and then come out the same everywhere
                make_image_example(folder, progress=progress)
        elif kind == "texts":
            from .example_texts import make_text_example

            with cpu_threads(1):
                make_text_example(folder, progress=progress)
        else:
            raise ConfigError(f"an example is of images or of texts, found {kind!r}")
    except OSError as error:
        raise DataError(f"the example cannot be written {because(error)}") from error
