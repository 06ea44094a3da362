"""What a configuration beside a CLIP's weights states of its function that shapes do not show, such as heads."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from ....errors import DataError
from ....one_line import as_one_line
from ...weight_files.stored_weights import StoredWeights

Tower: TypeAlias = Literal["image", "text"]

HIDDEN = ("num_attention_heads", "layer_norm_eps")
"""What decides the function of an image tower of transformers, and neither shapes nor the check of activations show."""
ELSEWHERE = frozenset(
    {
        *("patch_dropout", "output_tokens", "timm_model_pretrained", "timm_drop", "timm_drop_path"),
        *("hf_model_pretrained", "hf_tokenizer_name", "tokenizer_mode", "tokenizer_kwargs"),
    }
)
"""What of open_clip's configuration of a tower counts in training, or before the tower."""
EPS = 1e-5
"""What open_clip's norms add to a variance."""


def require_function(stored: StoredWeights, config: Any, architecture: str, tower: Tower = "image") -> None:
    """Refuse weights whose configuration of transformers states other heads or norms than a tower has.

    Args:
        stored: the file.
        config: the tower's CLIPVisionConfig or CLIPTextConfig.
        architecture: what messages call the architecture.
        tower: which tower it is.

    Raises:
        DataError: it does.
    """
    _compare_hidden(stored, {key: getattr(config, key) for key in HIDDEN}, architecture, tower)


def require_function_of_open_clip(
    stored: StoredWeights, model_config: Mapping[str, Any], architecture: str, tower: Tower = "image"
) -> None:
    """Refuse weights whose configuration states another tower than one of open_clip's.

    Args:
        stored: the file.
        model_config: open_clip's configuration of the model.
        architecture: what messages call the architecture.
        tower: which tower is meant.

    Raises:
        DataError: it does.
    """
    ours = _of_open_clip(stored, model_config, tower)
    if "model_cfg" in stored.config:
        theirs = _of_open_clip(stored, stored.config["model_cfg"], tower)
        for key, expected in ours.items():
            if key not in ELSEWHERE and theirs[key] != expected:
                _refuse(stored.source, key, theirs[key], expected, architecture)
    is_own = ours.get("timm_model_name") is None and ours.get("hf_model_name") is None
    if is_own and isinstance(ours["layers"], int):
        heads = ours["heads"] if tower == "text" else ours["width"] // ours["head_width"]
        eps = (ours["norm_kwargs"] or {}).get("eps", EPS)
        _compare_hidden(stored, dict(zip(HIDDEN, (heads, eps), strict=True)), architecture, tower)


def _of_open_clip(stored: StoredWeights, model_config: object, tower: Tower) -> dict[str, Any]:
    """Return open_clip's configuration of a tower, with what it leaves out."""
    from open_clip.model import CLIPTextCfg, CLIPVisionCfg

    try:
        own = model_config["vision_cfg" if tower == "image" else "text_cfg"]  # type: ignore[index] # checked by the attempt
        return dataclasses.asdict(CLIPVisionCfg(**own) if tower == "image" else CLIPTextCfg(**own))
    except (TypeError, KeyError) as error:
        raise DataError(
            f"the open_clip_config.json of {stored.source} describes no {tower} tower that open_clip knows ({error})"
        ) from error


def _compare_hidden(stored: StoredWeights, expected: Mapping[str, Any], architecture: str, tower: Tower) -> None:
    """Refuse weights whose config.json of transformers, where there is one, states other values."""
    stated = _of_hugging_face(stored, tower)
    for key, value in expected.items():
        if stated is not None and getattr(stated, key) != value:
            _refuse(stored.source, key, getattr(stated, key), value, architecture)


def _of_hugging_face(stored: StoredWeights, tower: Tower) -> Any:
    """Return the configuration of a tower that a config.json states, with what it leaves out; None without one."""
    config = stored.config
    if config.get("model_type") == "clip":
        own = config.get("vision_config" if tower == "image" else "text_config") or {}
    elif config.get("model_type") == "clip_vision_model" and tower == "image":
        own = config
    else:
        return None
    from transformers import CLIPTextConfig, CLIPVisionConfig

    try:
        return (CLIPVisionConfig if tower == "image" else CLIPTextConfig).from_dict(dict(own))
    except Exception as error:  # the library validates with errors of many kinds
        raise DataError(
            f"the config.json of {stored.source} is not valid ({as_one_line(str(error), 300)}); correct it"
        ) from error


def _refuse(source: str, key: str, found: object, expected: object, architecture: str) -> None:
    raise DataError(
        f"{source} states {key} {found!r}, expected {expected!r} as in {architecture}: weights of another architecture "
        "may load and mean something else; name the one that they are of"
    )
