"""Architectures of open_clip: found by name or in a folder, built without weights and without a download."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from ....errors import ConfigError, DataError, UnknownNameError
from ....one_line import as_one_line
from ....utf8_file import read_utf8
from ...weight_files.hub import fetch_model
from ..clip.clip_activation import QUICK_GELU, of_open_clip
from ..meta_parameters import made_without_values

CONFIG = "open_clip_config.json"
"""The file by which open_clip knows a folder as a model."""
MAX_CONFIG_BYTES = 2**20
LOCAL, HUB = "local-dir:", "hf-hub:"
"""open_clip's own prefixes of folders and of repositories on the Hugging Face hub."""
QUICK = "-quickgelu"
"""What open_clip's names of architectures with QuickGELU end with, where there is one with GELU too."""

_TINY_VISION = {"layers": 1, "width": 8, "head_width": 8, "patch_size": 8, "image_size": 8}
_TINY_TEXT = {"layers": 1, "width": 8, "heads": 1, "vocab_size": 8, "context_length": 8}
"""Stand-ins for the tower that is not wanted."""


@dataclass(frozen=True)
class OpenClipArchitecture:
    """A CLIP of open_clip without weights."""

    name: str
    """By which open_clip finds it and its tokenizer: a name, or a folder with open_clip's prefix."""
    config: Mapping[str, Any]
    """open_clip's configuration of the model (`embed_dim`, `vision_cfg`, `text_cfg`, ...)."""
    preprocess: Mapping[str, Any]
    """open_clip's configuration of how images become inputs, as far as the folder states one."""

    @property
    def activation(self) -> str:
        """The activation of the image tower."""
        return of_open_clip(self.config)

    @property
    def remedy(self) -> str:
        """What to do about weights of the other activation."""
        other = self.name.removesuffix(QUICK) if self.name.endswith(QUICK) else f"{self.name}{QUICK}"
        if other in _names():
            return f"write model: {{open_clip: {other}}}"
        return f'state "quick_gelu": {json.dumps(self.activation != QUICK_GELU)} in the model_cfg of its {CONFIG}'

    def image_tower(self) -> nn.Module:
        """Return `model.visual` on the device meta, in evaluation mode; tables that no file holds have values.

        Raises:
            ConfigError: open_clip cannot build it.
        """
        whole = self._built(vision_cfg=self._without_download("vision_cfg"), text_cfg=dict(_TINY_TEXT))
        return whole.get_submodule("visual")

    def text_side(self) -> nn.Module:
        """Return the full model without its image tower, as `image_tower` does.

        Raises:
            ConfigError: open_clip cannot build it, as where it needs a download that fails.
        """
        whole = self._built(vision_cfg=dict(_TINY_VISION), text_cfg=self._without_download("text_cfg"))
        del whole.visual
        return whole

    def _without_download(self, tower: str) -> dict[str, Any]:
        """Return the configuration of a tower that is not filled with other weights when it is built."""
        config = dict(self.config[tower])
        for library in ("timm", "hf"):
            if f"{library}_model_name" in config:
                config[f"{library}_model_pretrained"] = False
        return config

    def _built(self, *, vision_cfg: Mapping[str, Any], text_cfg: Mapping[str, Any]) -> nn.Module:
        """Return open_clip's model of two towers, of the class that the configuration asks for."""
        from open_clip.coca_model import CoCa
        from open_clip.model import CLIP, CustomTextCLIP

        config = {**self.config, "vision_cfg": vision_cfg, "text_cfg": text_cfg}
        as_module = config.pop("custom_text", False) or "hf_model_name" in text_cfg
        kind: type[nn.Module] = CLIP
        if as_module:
            kind = CoCa if "multimodal_cfg" in config else CustomTextCLIP
        try:
            return made_without_values(lambda: kind(**config))
        except Exception as error:  # of open_clip, or of a library that it builds towers with
            raise ConfigError(
                f"open_clip cannot build {self.name!r} ({type(error).__name__}: {as_one_line(str(error), 300)}); "
                "correct its configuration, or choose another model"
            ) from error


def find_architecture(name: str, base: Path) -> OpenClipArchitecture:
    """Return an architecture by open_clip's name, or that of a folder with an open_clip_config.json.

    Args:
        name: a name, `local-dir:FOLDER`, a folder, or `hf-hub:OWNER/NAME`.
        base: the folder where relative paths start.

    Raises:
        UnknownNameError: there is none; the message offers the nearest.
        DataError: the folder's configuration cannot be read.
    """
    folder = (base / Path(name.removeprefix(LOCAL)).expanduser()).resolve()
    if name.startswith(LOCAL) or (folder / CONFIG).is_file():
        return _in_folder(folder)
    if name.startswith(HUB):
        return _in_repository(name)
    known = _names()
    plain = name.replace("/", "-")  # as in open_clip: OpenAI writes ViT-B/32
    if plain not in known:
        raise UnknownNameError("model of open_clip", name, known, otherwise=f"or give a folder with an {CONFIG}")
    import open_clip

    return OpenClipArchitecture(plain, open_clip.get_model_config(plain), {})


def _names() -> list[str]:
    import open_clip

    names: list[str] = open_clip.list_models()
    return names


def _in_folder(folder: Path) -> OpenClipArchitecture:
    """Return the architecture of a folder."""
    file = folder / CONFIG
    if not file.is_file():
        raise DataError(f"expected a folder with an {CONFIG}, found none in {folder}; give such a folder, or a name")
    return _read(f"{LOCAL}{folder}", file)


def _in_repository(name: str) -> OpenClipArchitecture:
    """Return the architecture of a repository on the hub, which is fetched unless it is on this machine."""
    folder = fetch_model(name.removeprefix(HUB))
    if not (folder / CONFIG).is_file():
        raise DataError(f"{name} has no {CONFIG}, by which open_clip knows a model; name its architecture instead")
    return _read(f"{LOCAL}{folder}", folder / CONFIG)


def _read(name: str, file: Path) -> OpenClipArchitecture:
    """Return the architecture that a file describes."""
    try:
        content = json.loads(read_utf8(file, MAX_CONFIG_BYTES))
    except ConfigError as error:
        raise DataError(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file} is not valid JSON ({as_one_line(str(error), 200)}); write it again") from error
    content = content if isinstance(content, dict) else {}
    config = content.get("model_cfg", content)
    preprocess = content.get("preprocess_cfg") or {}
    towers = [config.get(tower) for tower in ("vision_cfg", "text_cfg")] if isinstance(config, dict) else []
    described = towers and all(isinstance(tower, dict) for tower in towers) and "embed_dim" in config
    if not described or not isinstance(preprocess, dict):
        raise DataError(
            f"{file} must describe a model of open_clip by embed_dim, vision_cfg and text_cfg in its model_cfg, and "
            "images by a mapping, its preprocess_cfg; write it again"
        )
    return OpenClipArchitecture(name, config, preprocess)
