"""Images as an image model takes them: resized, cropped and stored as bytes once, normalised every batch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import ConfigError, DataError
from ..real_numbers import as_number, as_positive, as_whole
from .input_format import InputFormat

if TYPE_CHECKING:
    from PIL.Image import Image

Size = int | tuple[int, int]
RESIZES = ("shortest", "longest", "squash")
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")
WIDE_MODES = ("I", "F")
"""What Pillow calls images of more than eight bits a channel begins so; made RGB, they would be white."""


@dataclass(frozen=True)
class ImageFormat(InputFormat):
    """Resizes and crops images of any size and mode to RGB bytes (3, height, width).

    With the options of its configuration it equals open_clip's evaluation transform bit for bit; so images are resized
    and cropped in the mode that their file has, and orientations that cameras note (EXIF) are not looked at.

    Raises:
        ConfigError: a size, mean or deviation is none, or a mode has another name.
    """

    kind: ClassVar[Literal["image", "text"]] = "image"

    size: Size
    """What images are resized to, pixels: an edge, or (height, width)."""
    mean: tuple[float, float, float]
    """What is subtracted from each channel, in units of the greatest brightness."""
    std: tuple[float, float, float]
    """What each channel is divided by afterwards."""
    resize: Literal["shortest", "longest", "squash"] = "shortest"
    """Whether the shorter or the longer edge becomes `size`, or both do, whatever the image's proportions."""
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"] = "bicubic"
    """How Pillow resizes; all but `nearest` smooth what is made smaller."""
    crop: Size | None = None
    """What is cut from the centre, an edge or (height, width); `size` when None."""
    fill: int = 0
    """Brightness of what is added where an image is smaller than `crop`, 0 to 255; with `longest` alone."""
    rgb_first: bool = False
    """Whether images are made RGB before they are resized, as timm and torchvision read them, and not afterwards."""
    crop_floors: bool = False
    """Whether of an odd number of pixels that are cut away the smaller half is above and to the left, as transformers
    cuts them, and not what torchvision rounds to; for images that are no smaller than `crop`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", _checked_size("size", self.size))
        object.__setattr__(self, "crop", _pair(_checked_size("crop", self.size if self.crop is None else self.crop)))
        for name, read in (("mean", as_number), ("std", as_positive)):
            values: Any = getattr(self, name)
            given = (values,) * 3 if isinstance(values, int | float) else tuple(values)
            if len(given) != 3:
                raise ConfigError(f"{name} of an ImageFormat must be 3 numbers, one a channel, found {list(given)}")
            object.__setattr__(self, name, tuple(read(f"{name} of an ImageFormat", value) for value in given))
        for name, known in (("resize", RESIZES), ("interpolation", INTERPOLATIONS)):
            if getattr(self, name) not in known:
                raise ConfigError(
                    f"{name} of an ImageFormat must be one of {', '.join(known)}, found {getattr(self, name)!r}"
                )

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of one stored image, (3, height, width)."""
        assert isinstance(self.crop, tuple)  # for the type checker
        return (3, *self.crop)

    @property
    def key(self) -> Mapping[str, Any]:
        """Sizes and modes, and the version of Pillow, which resizes."""
        import PIL

        names = ("size", "resize", "interpolation", "crop", "fill", "rgb_first", "crop_floors")
        values = {name: getattr(self, name) for name in names}
        lists = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        return {"kind": self.kind, **lists, "pillow": PIL.__version__}

    @property
    def facts(self) -> Mapping[str, Any]:
        """The same, and the means and deviations."""
        return {**self.key, "mean": list(self.mean), "std": list(self.std)}

    def stored(self, examples: Sequence[Image]) -> Mapping[str, NDArray[np.generic]]:
        """Return the images as bytes (n, 3, height, width), under the name "".

        Raises:
            DataError: an image cannot be decoded, or has more than eight bits a channel.
        """
        transform = self._transform()
        pixels = np.empty((len(examples), *self.shape), dtype=np.uint8)
        for number, image in enumerate(examples):
            try:
                if image.mode.startswith(WIDE_MODES):
                    raise DataError(
                        f"the image at position {number} has more than eight bits a channel (mode {image.mode}); "
                        "save it with eight"
                    )
                pixels[number] = np.asarray(transform(image)).transpose(2, 0, 1)
            except (OSError, SyntaxError, ValueError, EOFError) as error:  # of Pillow, from files that are damaged
                raise DataError(
                    f"the image at position {number} cannot be decoded ({error}); replace or remove it"
                ) from error
        return {"": pixels}

    def to_input(self, stored: Tensor) -> Tensor:
        """Return normalised images (n, 3, height, width) in single precision, on the device of the stored ones."""
        # As tensors, since a GPU multiplies by the inverse of a number, which rounds otherwise; made there, since a
        # copy would be waited for.
        greatest = torch.full((), 255.0, device=stored.device)
        mean, std = (
            torch.stack([torch.full((1, 1), value, device=stored.device) for value in values])
            for values in (self.mean, self.std)
        )
        return stored.to(torch.float32).div_(greatest).sub_(mean).div_(std)

    def _transform(self) -> Callable[[Image], Image]:
        """Return the function that resizes and crops one image and makes it RGB, by torchvision and open_clip."""
        from open_clip.transform import CenterCropOrPad, ResizeKeepRatio
        from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize

        interpolation = InterpolationMode(self.interpolation)
        cut: Any = functools.partial(_floor_crop, self.shape) if self.crop_floors else CenterCrop(self.crop)
        steps: list[Any]
        if self.resize == "longest":
            steps = [
                ResizeKeepRatio(_pair(self.size), longest=1, interpolation=interpolation),
                CenterCropOrPad(self.crop, fill=self.fill),
            ]
        elif self.resize == "squash":
            steps = [Resize(_pair(self.size), interpolation=interpolation), cut]
        elif isinstance(self.size, int):
            steps = [Resize(self.size, interpolation=interpolation), cut]
        else:
            steps = [ResizeKeepRatio(self.size, interpolation=interpolation), cut]
        steps.insert(0 if self.rgb_first else len(steps), _as_rgb)
        composed: Callable[[Image], Image] = Compose(steps)
        return composed


def _as_rgb(image: Image) -> Image:
    return image.convert("RGB")


def _floor_crop(shape: tuple[int, int, int], image: Image) -> Image:
    _, height, width = shape
    left, above = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, above, left + width, above + height))


def _pair(size: Size) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size


def _checked_size(what: str, size: object) -> Size:
    """Return an edge, or (height, width) where they differ."""
    edges = list(size) if isinstance(size, list | tuple) else [size, size]
    found = [as_whole(f"{what} of an ImageFormat", edge) for edge in edges]
    if len(found) not in (1, 2) or min(found) < 1:
        raise ConfigError(f"{what} of an ImageFormat must be one or two positive whole numbers of pixels, found {size}")
    return found[0] if found[0] == found[-1] else (found[0], found[1])
