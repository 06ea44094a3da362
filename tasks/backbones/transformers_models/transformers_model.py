"""Finding the model of transformers that a suite file names: a folder, or a repository of the hub."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ....errors import ConfigError, DataError, UnknownNameError
from ...datasets.image_format import ImageFormat
from ...datasets.input_format import InputFormat
from ...datasets.text_format import TextFormat
from ...weight_files.hub import fetch_model, looks_like_hub_id
from ...weight_files.locate import nearest_path
from ...weight_files.weight_folder import WeightLayout, read_config
from ..backbone import Backbone
from ..hf_clip.hf_clip_backbone import CLIPS, HfClipBackbone
from ..image_options import IMAGE_OPTIONS, image_format_of
from ..model_options import HOW
from .transformers_backbone import TransformersBackbone
from .transformers_images import image_format_in
from .transformers_texts import letters_as_tokens, tells_texts_apart, text_format, tokenizer_in

CONFIG = "config.json"


def open_transformers(
    name: str, options: Mapping[str, Any], base: Path, *, is_random: bool, max_length: int | None
) -> Backbone:
    """Return the backbone of a folder or of a repository of the hub.

    Args:
        name: the folder, relative to `base`, or the repository.
        options: `image_size`, `mean` and `std` of images, in the place of what the folder says.
        base: the folder of the suite file.
        is_random: whether weights are random, so that a repository called like a type of model, such as `gpt2`, stands
            for the type's own configuration; nothing is fetched then.
        max_length: the most tokens of a text; all that the model has positions for when None.

    Raises:
        DataError: the folder is none of a model, or its files cannot be read.
        ConfigError: an option or `max_length` is none that can be.
        UnknownNameError: an option has another name.
        UnsupportedError: the model cannot be merged, or takes images in a way that is not read.
    """
    for option in options:
        if option not in IMAGE_OPTIONS:
            how = f"all else is said by the {CONFIG} of a folder; {HOW}"
            raise UnknownNameError("option of a model of transformers:", option, IMAGE_OPTIONS, otherwise=how)
    folder, raw = _found(name, base, is_random)
    if raw.get("model_type") in CLIPS:
        _require_no_length(name, max_length)
        tower = raw.get("vision_config", raw)
        side = tower.get("image_size", 224) if isinstance(tower, Mapping) else 224
        return HfClipBackbone(raw, name, inputs=_images(folder, options, name, side), folder=folder)

    def inputs(made: TransformersBackbone) -> InputFormat:
        if made.kind == "text":
            return _texts(made, options, name, is_random, max_length)
        _require_no_length(name, max_length)
        return _images(folder, options, name, getattr(made.config, "image_size", 224))

    return TransformersBackbone(raw, name, inputs, folder=folder)


def _found(name: str, base: Path, is_random: bool) -> tuple[Path | None, Mapping[str, Any]]:
    """Return the model's folder, if there is one, and its configuration."""
    from transformers import CONFIG_MAPPING

    folder = base / Path(name).expanduser()
    if not folder.is_dir():
        if not looks_like_hub_id(name):
            near = nearest_path(folder)
            raise DataError(f"there is no folder {folder}, and {name!r} is no id of a model on the hub; {near}")
        model_type = name.rpartition("/")[2]
        if is_random and model_type in CONFIG_MAPPING:
            return None, {"model_type": model_type}
        if is_random and "/" not in name:
            how = "or give the folder of a model"
            raise UnknownNameError("type of model of transformers:", name, CONFIG_MAPPING.keys(), otherwise=how)
        folder = fetch_model(name)
    if not (folder / CONFIG).is_file():
        held = ", ".join(sorted(child.name for child in folder.iterdir())[:4]) or "nothing"
        raise DataError(f"{folder} holds no {CONFIG}, which says what model it is, but {held}; give a model's folder")
    return folder, read_config(WeightLayout((), None, folder / CONFIG))


def _texts(
    backbone: TransformersBackbone, options: Mapping[str, Any], name: str, is_random: bool, max_length: int | None
) -> TextFormat:
    """Return how a model takes texts."""
    if options:
        raise ConfigError(f"{name} takes texts, so options of images mean nothing; found {', '.join(options)}")
    without = backbone.folder is None and is_random
    vocabulary = backbone.config.get_text_config().vocab_size
    tokenizer = letters_as_tokens(vocabulary) if without else tokenizer_in(backbone.folder, name)
    has_types = without or tells_texts_apart(backbone.folder)
    made = text_format(tokenizer, backbone.config, backbone.encoder, source=name, max_length=max_length)
    return made if has_types else dataclasses.replace(made, token_type_ids=False)


def _images(folder: Path | None, options: Mapping[str, Any], name: str, side: Any) -> ImageFormat:
    """Return how a model takes images: as the options say, or its folder, or in its size where there is no folder."""
    if folder is not None and "image_size" not in options:
        return image_format_of(options, name, image_format_in(folder, name))
    return image_format_of({"image_size": side, **options}, name)


def _require_no_length(name: str, max_length: int | None) -> None:
    if max_length is not None:
        raise ConfigError(f"{name} takes images, so max_length means nothing; remove it from the suite file")
