"""How a model of transformers takes images, in the form that images are stored in.

What the library's processors do with their options differs from class to class. So formats that their options may mean
are held against the processor itself on a few images, and one that gives the same numbers is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ....errors import ConfigError, DataError, UnsupportedError
from ....one_line import as_one_line
from ...datasets.image_format import ImageFormat
from ...weight_files.weight_folder import WeightLayout, read_config

FILE = "preprocessor_config.json"
INTERPOLATIONS = ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")
"""By the number that Pillow has for them."""
TRIED = ((40, 57), (700, 479), (300, 301))
"""Height and width of the images on which formats are compared, so that odd numbers of pixels are cut away too."""
CLOSE = 1e-5
"""Of normalised brightness; two ways to divide by 255 round differently."""
CONVNEXT_SQUASHES_FROM = 384
"""The edge from which on ConvNeXt's processor crops nothing."""


def image_format_in(folder: Path, source: str) -> ImageFormat:
    """Return what the preprocessor_config.json of a model's folder means.

    Raises:
        DataError: there is none, or it cannot be read.
        UnsupportedError: it asks for more than resizing, cropping and normalising.
    """
    from transformers import AutoImageProcessor

    file = folder / FILE
    if not file.is_file():
        raise DataError(
            f"{source} has no {FILE}, which says how the model takes images; copy it from the model's repository, or "
            "write options: {image_size: 224, mean: [...], std: [...]} for the model in the suite file"
        )
    if read_config(WeightLayout((), None, file)).get("auto_map"):
        raise DataError(
            f"{file} needs code of its own, which is never run; expected a processor of transformers itself"
        )
    options = {"backend": "pil"} if int(version("transformers").partition(".")[0]) >= 5 else {"use_fast": False}
    try:
        load: Any = AutoImageProcessor.from_pretrained
        processor = load(str(folder), local_files_only=True, **options)
    except Exception as error:  # of the library, for whatever the file holds
        raise DataError(f"{file} is no processor of transformers ({as_one_line(str(error), 300)})") from error
    return format_of(processor, source)


def format_of(processor: Any, source: str) -> ImageFormat:
    """Return the format that gives what a processor of the library gives, by its Pillow backend.

    Raises:
        UnsupportedError: none does.
    """
    from PIL import Image

    generator = np.random.default_rng(0)
    images = [Image.fromarray(generator.integers(0, 256, (*size, 3), dtype=np.uint8)) for size in TRIED]
    expected = [_processed(processor, image, source) for image in images]
    for candidate in _candidates(processor.to_dict()):
        if tuple(expected[0].shape[1:]) != candidate.shape:
            continue
        found = [candidate.to_input(torch.from_numpy(candidate.stored([image])[""])) for image in images]
        if all(torch.allclose(mine, theirs, rtol=0, atol=CLOSE) for mine, theirs in zip(found, expected, strict=True)):
            return candidate
    raise UnsupportedError(
        f"the images of {source} are made by {type(processor).__name__} in a way that is not read, expected resizing, "
        "cropping and normalising; write options: {image_size: ..., mean: [...], std: [...]} for the model instead"
    )


def _processed(processor: Any, image: Any, source: str) -> torch.Tensor:
    try:
        pixels: torch.Tensor = processor(images=image, return_tensors="pt")["pixel_values"]
    except Exception as error:
        raise DataError(
            f"the processor of {source} makes nothing of an image ({as_one_line(str(error), 200)}); mend its {FILE}"
        ) from error
    return pixels.float()


def _candidates(options: Mapping[str, Any]) -> Iterator[ImageFormat]:
    """Yield what the options of a processor may mean; none where they are of another kind."""
    size = {key: value for key, value in dict(options.get("size") or {}).items() if value is not None}
    crop = options.get("crop_size") if options.get("do_center_crop") else None
    cut = _pair(crop)
    normalise = options.get("do_normalize", True)
    given: dict[str, Any] = {
        "mean": tuple(options["image_mean"]) if normalise else (0.0, 0.0, 0.0),
        "std": tuple(options["image_std"]) if normalise else (1.0, 1.0, 1.0),
        "interpolation": INTERPOLATIONS[int(options.get("resample") or 0)],
        "rgb_first": True,
        "crop_floors": cut is not None or options.get("crop_pct") is not None,
    }
    meant: list[dict[str, Any]] = []
    if "height" in size and "width" in size:
        exact = (int(size["height"]), int(size["width"]))
        meant.append({"size": exact, "resize": "squash", "crop": cut or exact})
    if "shortest_edge" in size:
        edge = int(size["shortest_edge"])
        if cut is not None:
            meant.append({"size": edge, "crop": cut})
            meant.append({"size": int(256 / 224 * edge), "crop": cut})  # LeViT's
        if options.get("crop_pct") and edge < CONVNEXT_SQUASHES_FROM:
            meant.append({"size": int(edge / float(options["crop_pct"])), "crop": edge})
        meant.append({"size": (edge, edge), "resize": "squash"})
    for one in meant:
        try:
            yield ImageFormat(**given, **one)
        except ConfigError:  # a crop of no pixels and the like
            continue


def _pair(size: Any) -> tuple[int, int] | None:
    """Return height and width of a crop as configurations write it."""
    if isinstance(size, int):
        return size, size
    found = {key: value for key, value in dict(size or {}).items() if value is not None}
    edge = found.get("shortest_edge")
    height, width = found.get("height", edge), found.get("width", edge)
    return None if height is None or width is None else (int(height), int(width))
