"""The activation that a CLIP's configuration states: weights load the same into QuickGELU and GELU, and mean others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....errors import DataError
from ...weight_files.stored_weights import StoredWeights

QUICK_GELU = "quick_gelu"
"""The sigmoid approximation of OpenAI's models, x * sigmoid(1.702 x)."""
GELU = "gelu"
_TITLES = {QUICK_GELU: "QuickGELU", GELU: "GELU"}


def title(activation: str) -> str:
    """Return what messages call an activation."""
    return _TITLES.get(activation, activation)


def of_open_clip(model_config: Mapping[str, Any], tower: str = "vision_cfg") -> str:
    """Return the activation of a tower in open_clip's configuration of a model."""
    own = model_config.get(tower) or {}
    if own.get("timm_model_name") or own.get("hf_model_name"):  # not open_clip's own code, which has it inside
        return f"that of {own.get('timm_model_name') or own.get('hf_model_name')}"
    activation = QUICK_GELU if model_config.get("quick_gelu") else GELU
    return f"{activation} with {own['act_kwargs']}" if own.get("act_kwargs") else activation


def of_hugging_face(config: Mapping[str, Any], tower: str = "vision_config") -> str:
    """Return the activation of a tower in a config.json of transformers, which leaves out what is its default."""
    own = config.get(tower) or {} if config.get("model_type") == "clip" else config
    return str(own.get("hidden_act", QUICK_GELU))


def stated_activations(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the activations that a configuration beside weights states, by tower (`image`, `text`); empty if none."""
    if "model_cfg" in config:
        model = config["model_cfg"]
        return {"image": of_open_clip(model), "text": of_open_clip(model, "text_cfg")}
    if config.get("model_type") == "clip":
        return {"image": of_hugging_face(config), "text": of_hugging_face(config, "text_config")}
    return {"image": of_hugging_face(config)} if config.get("model_type") == "clip_vision_model" else {}


def require_activation(stored: StoredWeights, activation: str, tower: str, remedy: str) -> None:
    """Refuse weights that state another activation than the architecture has.

    Args:
        stored: the file, with the configuration beside it.
        activation: the architecture's.
        tower: `image` or `text`.
        remedy: what to do about it, such as the name of the architecture with the other activation.

    Raises:
        DataError: it states another.
    """
    stated = stated_activations(stored.config).get(tower, activation)
    if stated != activation:
        raise DataError(
            f"{stored.source} states {title(stated)}, the architecture has {title(activation)}: the same weights give "
            f"wrong features with it; {remedy}"
        )
