"""What a configuration beside a CLIP's weights states of its function that shapes do not show, such as heads."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ...errors import DataError
from ...one_line import as_one_line
from ..weight_files.stored_weights import StoredWeights

DECIDING = frozenset(
    {
        *("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "projection_dim"),
        *("image_size", "patch_size", "layer_norm_eps", "hidden_act"),
    }
)
"""What decides the function of an image tower of transformers."""
HIDDEN = ("num_attention_heads", "layer_norm_eps")
"""Of these what neither shapes nor the check of the activation show."""
OF_TRAINING = frozenset(
    {*("patch_dropout", "output_tokens"), *("timm_model_pretrained", "timm_drop", "timm_drop_path")}
)
"""What of open_clip's configuration of an image tower counts in training alone."""
EPS = 1e-5
"""What open_clip's norms add to a variance."""


def require_function(stored: StoredWeights, vision: Any, architecture: str) -> None:
    """Refuse weights whose configuration of transformers states other heads or norms than a CLIPVisionConfig.

    Raises:
        DataError: it does.
    """
    stated = _of_hugging_face(stored)
    for key in HIDDEN if stated is not None else ():
        found, expected = getattr(stated, key), getattr(vision, key)
        if found != expected:
            _refuse(stored.source, key, found, expected, architecture)


def require_function_of_open_clip(stored: StoredWeights, model_config: Mapping[str, Any], architecture: str) -> None:
    """Refuse weights whose configuration states another image tower than one of open_clip's.

    Raises:
        DataError: it does.
    """
    from open_clip.model import CLIPVisionCfg

    try:
        ours = dataclasses.asdict(CLIPVisionCfg(**model_config["vision_cfg"]))
        own = stored.config.get("model_cfg")
        theirs = None if own is None else dataclasses.asdict(CLIPVisionCfg(**own["vision_cfg"]))
    except (TypeError, KeyError) as error:
        raise DataError(
            f"the open_clip_config.json of {stored.source} describes no image tower that open_clip knows ({error})"
        ) from error
    if theirs is not None:
        for key, expected in ours.items():
            if key not in OF_TRAINING and theirs[key] != expected:
                _refuse(stored.source, key, theirs[key], expected, architecture)
    stated = _of_hugging_face(stored)
    if stated is not None and ours["timm_model_name"] is None and isinstance(ours["layers"], int):
        heads = ours["width"] // ours["head_width"]
        eps = (ours["norm_kwargs"] or {}).get("eps", EPS)
        for key, expected in zip(HIDDEN, (heads, eps), strict=True):
            if getattr(stated, key) != expected:
                _refuse(stored.source, key, getattr(stated, key), expected, architecture)


def _of_hugging_face(stored: StoredWeights) -> Any:
    """Return the CLIPVisionConfig that a config.json states, with what it leaves out; None where it states none."""
    config = stored.config
    if config.get("model_type") not in ("clip", "clip_vision_model"):
        return None
    from transformers import CLIPVisionConfig

    own = config.get("vision_config") or {} if config["model_type"] == "clip" else config
    try:
        return CLIPVisionConfig.from_dict(dict(own))
    except Exception as error:  # the library validates with errors of many kinds
        raise DataError(
            f"the config.json of {stored.source} is not valid ({as_one_line(str(error), 300)}); correct it"
        ) from error


def _refuse(source: str, key: str, found: object, expected: object, architecture: str) -> None:
    raise DataError(
        f"{source} states {key} {found!r}, expected {expected!r} as in {architecture}: weights of another architecture "
        "may load and mean something else; name the one that they are of"
    )
