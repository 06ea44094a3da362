"""Backbones of torchvision."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ...errors import ConfigError, UnknownNameError
from ...one_line import shown
from ..datasets.image_format import ImageFormat
from ..weight_files.stored_weights import StoredWeights
from ..weight_files.written_tensors import write_tensors
from .backbone import Head
from .image_options import IMAGE_OPTIONS, IMAGENET_MEAN, IMAGENET_STD, image_format_of
from .last_layer import MANY, classes_in, layer_of_classes, require_last
from .meta_parameters import made_without_values
from .model_options import HOW, made_with_options, require_known_model
from .split_backbone import SplitBackbone

IMAGE_SIZE = 224
"""Side of images where neither the options nor the library's weights say another."""
OPTIONS = ("weights", *IMAGE_OPTIONS)
"""Options that say how images are treated, and which the library's model is not made with."""


class TorchvisionBackbone(SplitBackbone):
    """A classifier of torchvision without its last layer, such as `fc` of a ResNet.

    Args:
        name: a model of `torchvision.models`.
        options: keyword arguments of the model; `weights`, the name of weights of the library, such as IMAGENET1K_V1,
            whose preprocessing is meant (they are not fetched; the library's default ones when absent); `image_size`,
            the side of images in pixels, and `mean` and `std`, in the place of what that preprocessing says.

    Raises:
        UnknownNameError: torchvision has no such model or weights.
        ConfigError: it cannot be made with these options.
        UnsupportedError: its last layer cannot be split off.
    """

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.name = name
        self.options = _arguments_of(name, options)
        model = _made(name, self.options)
        self.preprocessing = _preprocessing(name, options)
        source = f"{name} of torchvision"
        layer = layer_of_classes(model, source)
        require_last(model, layer, (1, *self.preprocessing.shape), source)
        super().__init__(model, layer, source, self.preprocessing)

    def export(self, params: Mapping[str, Tensor], head: Head | None, pretrained: StoredWeights, folder: Path) -> None:
        """Write the state dict of the library's model, and a model.json that says how to make and load it."""
        folder.mkdir(parents=True, exist_ok=True)
        write_tensors(self.joined(params, head), folder / "model.safetensors", {"format": "pt"})
        options = dict(self.options)
        load = "load_state_dict(safetensors.torch.load_file('model.safetensors'))"
        if head is None:
            load = load[:-1] + ", strict=False)"  # the last layer is not there
        else:
            options["num_classes"] = classes_in(head.module)
        described = {
            "library": f"torchvision {version('torchvision')}",
            "model": self.name,
            "options": options,
            "classes": None if head is None or head.classes is None else list(head.classes),
            "preprocessing": self.preprocessing.facts,
            "how_to_load": f"torchvision.models.get_model(model, **options).{load}",
        }
        (folder / "model.json").write_text(json.dumps(described, indent=2), encoding="utf-8")


def _arguments_of(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that the library's model is made with, those of images where weights depend on their size."""
    given = {key: value for key, value in options.items() if key not in OPTIONS}
    side = options.get("image_size")
    if side is not None:
        if not isinstance(side, int) or isinstance(side, bool) or side < 1:
            raise ConfigError(f"image_size of {name} must be a number of pixels, found {shown(side)}")
        if name.startswith("vit_"):
            given["image_size"] = side
        elif name.startswith("maxvit"):
            given["input_size"] = (side, side)
    return given


def _made(name: str, options: Mapping[str, Any]) -> nn.Module:
    """Return a classifier of torchvision without values."""
    from torchvision import models

    known = models.list_models(module=models)
    require_known_model("torchvision", name, known, see="torchvision.models.list_models()")
    if "num_classes" in options:
        raise ConfigError("options of a torchvision model may not set num_classes: the tasks' heads decide it")

    def make(**given: Any) -> nn.Module:
        return made_without_values(lambda: models.get_model(name, weights=None, num_classes=MANY, **given))

    return made_with_options(make, options, f"{name} of torchvision", OPTIONS)


def _preprocessing(name: str, options: Mapping[str, Any]) -> ImageFormat:
    """Return what the library's weights are evaluated with, scaled to the options' `image_size`."""
    from torchvision import models

    weights = models.get_model_weights(name)
    asked = options.get("weights")
    if asked is not None and asked not in weights.__members__:
        raise UnknownNameError(
            f"weights of {name} in torchvision:",
            str(asked),
            list(weights.__members__),
            otherwise=f"or leave them out; {HOW}",
        )
    members = list(weights)
    side = options.get("image_size", IMAGE_SIZE)
    own = ImageFormat(
        size=round(side / 0.875),
        crop=side,
        interpolation="bilinear",
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        rgb_first=True,
    )
    if members:
        chosen = weights[asked] if asked is not None else weights.__members__.get("DEFAULT", members[0])
        transform = chosen.transforms()
        side = options.get("image_size", transform.crop_size[0])
        own = ImageFormat(
            size=round(transform.resize_size[0] * side / transform.crop_size[0]),
            crop=side,
            interpolation=transform.interpolation.value,
            mean=tuple(transform.mean),
            std=tuple(transform.std),
            rgb_first=True,
        )
    normalised = {key: options[key] for key in ("mean", "std") if key in options}
    return image_format_of(normalised, f"{name} of torchvision", own)
