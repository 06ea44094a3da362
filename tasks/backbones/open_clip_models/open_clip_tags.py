"""Pre-trained weights that open_clip knows by a tag, such as `openai` or `laion2b_s34b_b79k`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from ....errors import ConfigError, DataError, UnknownNameError
from ....one_line import as_one_line
from ...weight_files.hub import fetch_model
from ...weight_files.read_weights import read_weights
from ...weight_files.stored_weights import StoredWeights
from ..clip.clip_activation import of_open_clip, title
from .open_clip_architecture import QUICK

PREPROCESS = ("mean", "std", "interpolation", "resize_mode")
"""What open_clip's table says about images for each tag."""


def is_tag(text: str) -> bool:
    """Return whether a text is a tag of any model of open_clip, however its hyphens and case are written."""
    import open_clip

    tags = {tag for _, tag in open_clip.list_pretrained()}
    return text.lower().replace("-", "_") in tags


def read_tag(model: str, tag: str) -> StoredWeights:
    """Return the weights of a tag, from the hub's cache on this machine or fetched into it, where open_clip keeps them.

    OpenAI's weights are those that open_clip's makers converted to safetensors; its own files are programs, which are
    not run. How images become inputs is stated as `preprocess_cfg` in the configuration.

    Args:
        model: open_clip's name of the architecture.
        tag: open_clip's name of the weights.

    Raises:
        UnknownNameError: the tag is of no weights of this architecture; the message offers the nearest.
        ConfigError: the tag means weights of the architecture with the other activation; the message names it.
        DataError: they are not on this machine and cannot be fetched; the message gives the command that does.
    """
    import open_clip

    name = model.replace("/", "-")
    described: dict[str, Any] = open_clip.get_pretrained_cfg(name, tag)
    _require_of_model(name, tag, described)
    repository = described.get("hf_hub", "")
    folder, _, file = repository.rpartition("/")
    if folder:
        where = fetch_model(folder) / file
        where = where if where.exists() else where.parent
    else:
        where = _from_url(described, tag)
    found = read_weights(where, library="open_clip")
    images = {key: described[key] for key in PREPROCESS if key in described}
    config = {**found.config, "preprocess_cfg": {**found.config.get("preprocess_cfg", {}), **images}}
    return dataclasses.replace(found, source=f"{tag} of {name}", config=config)


def _require_of_model(name: str, tag: str, described: dict[str, Any]) -> None:
    """Refuse a tag that is not of this architecture, with the name of the one that it is of."""
    import open_clip

    sibling = name.removesuffix(QUICK) if name.endswith(QUICK) else f"{name}{QUICK}"
    siblings = open_clip.list_pretrained_tags_by_model(sibling)
    key = tag.lower().replace("-", "_")
    quick = bool(described.get("quick_gelu"))
    config = open_clip.get_model_config(name) or {}
    if key in siblings and (not described or quick != bool(config.get("quick_gelu"))):
        own = of_open_clip(open_clip.get_model_config(sibling))
        raise ConfigError(
            f"the weights {tag} were trained with {title(own)}, {name} has another activation and would give wrong "
            f"features; write model: {{open_clip: {sibling}}}"
        )
    if not described:
        known = open_clip.list_pretrained_tags_by_model(name)
        raise UnknownNameError(f"weights of {name} in open_clip:", tag, known, otherwise="or give a file or folder")


def _from_url(described: dict[str, Any], tag: str) -> Path:
    """Return the file that open_clip fetches from elsewhere than the hub."""
    import open_clip

    try:
        return Path(open_clip.download_pretrained(described))
    except Exception as error:  # of networks and files
        raise DataError(
            f"the weights {tag} cannot be fetched ({as_one_line(str(error), 200)}); download {described.get('url')} "
            "where there is a network, and give the file"
        ) from error
