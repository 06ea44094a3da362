"""Pre-trained weights by the name that a model's own library has for them."""

from __future__ import annotations

import dataclasses
import difflib
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...errors import DataError
from ...one_line import as_one_line
from ..weight_files.hub import fetch_model
from ..weight_files.read_weights import read_weights
from ..weight_files.stored_weights import StoredWeights

if TYPE_CHECKING:
    from ..suite_file.schema import ModelSpec


def library_weights(spec: ModelSpec, name: str) -> StoredWeights | None:
    """Return weights that a library knows by a name: a tag of open_clip or timm, or torchvision's IMAGENET1K_V1.

    They are read from where the library keeps them on this machine, or fetched to there.

    Args:
        spec: the library and the model.
        name: what may be such a name.

    Returns:
        The weights; None where the library has no weights of that name, which then is a path or an id on the hub.

    Raises:
        UnknownNameError: it has, but not of this model.
        ConfigError: the weights are of another activation.
        DataError: they cannot be fetched; the message says how to get them.
    """
    if spec.open_clip is not None:
        from .open_clip_models.open_clip_tags import is_tag, read_tag

        return read_tag(spec.open_clip, name) if is_tag(name) else None
    if spec.timm is not None:
        return _of_timm(spec.timm.partition(".")[0], name)
    return _of_torchvision(spec.torchvision, name) if spec.torchvision is not None else None


def nearest_weights(spec: ModelSpec, name: str) -> str:
    """Return the name of weights of the model in its library that a text was probably meant as; empty if none is."""
    near = difflib.get_close_matches(name.lower(), known := _known_weights(spec), n=1, cutoff=0.6)
    return known[near[0]] if near else ""


def _known_weights(spec: ModelSpec) -> dict[str, str]:
    """Return the names that a library has for weights of the model, by themselves in lower case."""
    names: list[str] = []
    if spec.open_clip is not None:
        import open_clip

        names = open_clip.list_pretrained_tags_by_model(spec.open_clip.replace("/", "-"))
    elif spec.timm is not None:
        import timm

        names = [one.partition(".")[2] for one in timm.list_pretrained(f"{spec.timm.partition('.')[0]}.*")]
    elif spec.torchvision is not None:
        from torchvision import models

        if spec.torchvision in models.list_models(module=models):
            names = list(models.get_model_weights(spec.torchvision).__members__)
    return {name.lower(): name for name in names}


def _of_timm(model: str, tag: str) -> StoredWeights | None:
    import timm

    known = f"{model}.{tag}"
    if known not in timm.list_pretrained(f"{model}.*"):
        return None
    config = timm.models.get_pretrained_cfg(known)
    if config is None or not config.hf_hub_id:
        raise DataError(f"timm does not keep the weights {known} on the hub; download {known} and give the file")
    return dataclasses.replace(read_weights(fetch_model(config.hf_hub_id)), source=f"{tag} of {model}")


def _of_torchvision(model: str, name: str) -> StoredWeights | None:
    import torch
    from torchvision import models

    if model not in models.list_models(module=models):
        return None  # making the backbone says so
    weights = models.get_model_weights(model)
    if name not in weights.__members__:
        return None
    url = weights[name].url
    file = Path(torch.hub.get_dir()) / "checkpoints" / Path(urlsplit(url).path).name
    if not file.is_file():
        digits = file.stem.rpartition("-")[2]
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(url, str(file), hash_prefix=digits, progress=False)
        except Exception as error:  # of networks and disks
            raise DataError(
                f"the weights {name} of {model} are not on this machine and cannot be fetched "
                f"({as_one_line(str(error), 200)}); where there is a network, download {url} to {file}"
            ) from error
    return dataclasses.replace(read_weights(file), source=f"{name} of {model}")
