"""Backbones of timm."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ...errors import ConfigError, DataError, UnknownNameError, UnsupportedError
from ...one_line import shown
from ..datasets.image_format import ImageFormat
from ..weight_files.stored_weights import StoredWeights
from ..weight_files.written_tensors import write_tensors
from .backbone import Head
from .last_layer import MANY, classes_in, layer_of_classes, require_last
from .meta_parameters import made_without_values
from .model_options import arguments, made_with_options, require_known_model
from .split_backbone import SplitBackbone

SIDE = "img_size"
"""The option that says the side of images in pixels, or height and width; of models that take any size, too."""


class TimmBackbone(SplitBackbone):
    """A model of timm without its classifier: the encoder returns what `forward_head(pre_logits=True)` does.

    Args:
        name: a model of timm, with or without the tag of its pre-trained weights, which decides the preprocessing.
        options: keyword arguments of `timm.create_model`; `img_size` is taken for every model.
        preprocessing: how images are treated, as timm's configurations write it; what is absent is the model's default.

    Raises:
        UnknownNameError: timm has no such model.
        ConfigError: it cannot be made with these options.
        UnsupportedError: its last layer cannot be split off.
    """

    def __init__(self, name: str, options: Mapping[str, Any], preprocessing: Mapping[str, Any] | None = None) -> None:
        from timm.data.config import resolve_data_config

        self.name = name
        model, self.options = _made(name, options, MANY)
        own: Any = model.pretrained_cfg
        stated = {key: value for key, value in (preprocessing or {}).items() if key in _KEPT and value is not None}
        side = options.get(SIDE)
        asked = {"input_size": (3, *side) if isinstance(side, list | tuple) else side and (3, side, side)}
        sized = {key: value for key, value in asked.items() if value}
        self.pretrained_cfg: dict[str, Any] = {**own, **stated, **sized}
        settings: dict[str, Any] = resolve_data_config(args=asked, pretrained_cfg=self.pretrained_cfg)  # type: ignore[no-untyped-call]
        source = f"{name} of timm"
        layer = layer_of_classes(model, source)
        require_last(model, layer, (1, *settings["input_size"]), source)
        super().__init__(model, layer, source, _inputs(settings, source))
        self.n_features = int(model.num_features)  # type: ignore[arg-type] # set by timm

    @classmethod
    def from_spec(cls, name: str, options: Mapping[str, Any], pretrained: StoredWeights | None) -> TimmBackbone:
        """Make the backbone that a suite file names; images are treated as the pre-trained model's config.json says."""
        config = pretrained.config if pretrained is not None else {}
        stated, arguments = config.get("pretrained_cfg"), config.get("model_args")
        own = dict(arguments) if isinstance(arguments, Mapping) else {}
        return cls(name, {**own, **options}, stated if isinstance(stated, Mapping) else None)

    def encoder_weights(self, stored: StoredWeights, base: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """Return the weights of all layers but the classifier; a file that states another architecture is refused."""
        stated = stored.config.get("architecture")
        expected = self.name.partition(".")[0]
        if isinstance(stated, str) and stated.partition(".")[0] != expected:
            raise DataError(
                f"{stored.source} states the architecture {stated!r}, expected {expected!r} as the suite's model; "
                "all experts must be fine-tuned from the pre-trained model"
            )
        return super().encoder_weights(stored, base)

    def class_names(self, stored: StoredWeights) -> tuple[str, ...] | None:
        """Return the names in a config.json of timm."""
        inner = stored.config.get("pretrained_cfg")
        places = (stored.config, inner if isinstance(inner, Mapping) else {})
        listed = next((place["label_names"] for place in places if place.get("label_names")), None)
        return tuple(str(name) for name in listed) if isinstance(listed, list) else None

    def export(self, params: Mapping[str, Tensor], head: Head | None, pretrained: StoredWeights, folder: Path) -> None:
        """Write a folder for `timm.create_model("local-dir:FOLDER", pretrained=True)`."""
        folder.mkdir(parents=True, exist_ok=True)
        n_classes = 0 if head is None else classes_in(head.module)
        write_tensors(self.joined(params, head), folder / "model.safetensors", {"format": "pt"})
        kept = {key: value for key, value in self.pretrained_cfg.items() if key in _KEPT and value is not None}
        config: dict[str, Any] = {
            "architecture": self.name.partition(".")[0],
            "num_classes": n_classes,
            "num_features": self.n_features,
            "model_args": self.options,
            "pretrained_cfg": {**kept, "num_classes": n_classes, "custom_load": False},
        }
        if head is not None and head.classes is not None:
            config["label_names"] = list(head.classes)
        (folder / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")


_KEPT = (
    "input_size",
    "fixed_input_size",
    "interpolation",
    "crop_pct",
    "crop_mode",
    "mean",
    "std",
    "pool_size",
    "first_conv",
    "classifier",
)
"""What of timm's own settings an export keeps; where its weights came from is no longer true."""


def _made(name: str, options: Mapping[str, Any], n_classes: int) -> tuple[nn.Module, dict[str, Any]]:
    """Return a model of timm without values, and the options that it was made with."""
    import timm

    base, _, tag = name.partition(".")
    require_known_model("timm", base, timm.list_models(), see="timm.list_models()")
    if tag and name not in timm.list_pretrained(f"{base}.*"):
        tags = [one.partition(".")[2] for one in timm.list_pretrained(f"{base}.*")]
        raise UnknownNameError(f"weights of {base} in timm:", tag, tags, otherwise=f"or write {base} alone")
    refused = sorted(options.keys() & {"pretrained", "num_classes", "checkpoint_path"})
    if refused:
        raise ConfigError(
            f"options of a timm model may not set {refused[0]!r}: the suite's weights and tasks decide it"
        )

    def make(**given: Any) -> nn.Module:
        return made_without_values(lambda: timm.create_model(name, pretrained=False, num_classes=n_classes, **given))

    if SIDE in options and SIDE not in arguments(type(make())):  # of a model that takes images of any size
        _require_side(options[SIDE], name)
        options = {key: value for key, value in options.items() if key != SIDE}
    return made_with_options(make, options, f"{name} of timm"), dict(options)


def _require_side(side: object, name: str) -> None:
    sides = side if isinstance(side, list | tuple) and len(side) == 2 else [side]
    if not all(isinstance(one, int) and not isinstance(one, bool) and one > 0 for one in sides):
        raise ConfigError(f"{SIDE} of {name} of timm must be a number of pixels, or two of them, found {shown(side)}")


def _inputs(settings: Mapping[str, Any], source: str) -> ImageFormat:
    """Return timm's evaluation transform."""
    channels, height, width = settings["input_size"]
    mode = settings["crop_mode"]
    if mode not in ("center", "squash") or channels != 3:
        raise UnsupportedError(
            f"{source} takes images of {channels} channels with crop_mode {mode!r}, expected 3 and center or squash"
        )
    return ImageFormat(
        size=(math.floor(height / settings["crop_pct"]), math.floor(width / settings["crop_pct"])),
        crop=(height, width),
        resize="squash" if mode == "squash" else "shortest",
        interpolation=settings["interpolation"],
        mean=tuple(settings["mean"]),
        std=tuple(settings["std"]),
        rgb_first=True,
    )
