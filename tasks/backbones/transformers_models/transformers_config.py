"""Configurations of transformers: which class they mean, what pads, and whether two state one architecture."""

from __future__ import annotations

import copy
import difflib
import json
import re
from collections.abc import Mapping
from typing import Any

from ....errors import ConfigError, DataError, UnsupportedError
from ....one_line import as_one_line
from ...weight_files.stored_weights import StoredWeights

UNDECIDING = re.compile(
    r"drop|initializ|_init$|_token_id$|label|dtype|version|architectures|use_cache|^output_|return_dict|problem_type|"
    r"gradient|task|summary|pretraining_tp|chunk_size|^tie_|name_or_path|vocab_size|loss|mask_|_attn_implementation|"
    r"is_decoder|cross_attention|encoder_stride|^out_(features|indices)|stage_names|^pooler_|max_position|^num_channels$"
)
"""Keys that decide neither what a layer computes in evaluation nor anything that shapes do not tell."""
PADDED_LEFT = frozenset({"xlnet"})
"""Types whose classifiers look at the last position, which is padding here: texts are padded on the right."""
KINDS = {"image": "ForImageClassification", "text": "ForSequenceClassification"}
"""How the classes of a kind of inputs end."""


def read_config(raw: Mapping[str, Any], source: str) -> Any:
    """Return the configuration of transformers that a config.json holds; nothing of its folder is run.

    Raises:
        DataError: it is none, or states code or a type that the library does not have.
        UnsupportedError: it is of a kind of model that cannot be merged.
    """
    from transformers import CONFIG_MAPPING

    model_type = raw.get("model_type")
    if raw.get("auto_map"):
        raise DataError(
            f"{source} needs code of its own (auto_map in its config.json), which is never run; "
            "expected a model that transformers itself has"
        )
    if model_type is None and isinstance(raw.get("architecture"), str):
        raise DataError(
            f"{source} is a model of timm, as its config.json states; write model: {{timm: {raw['architecture']}}}, "
            "and give it as the weights"
        )
    if not isinstance(model_type, str) or model_type not in CONFIG_MAPPING:
        found = "no model_type" if model_type is None else f"model_type {model_type!r}"
        near = difflib.get_close_matches(str(model_type), CONFIG_MAPPING.keys(), n=1, cutoff=0.7)
        raise DataError(
            f"{source} states {found} in its config.json, expected one that transformers knows, such as "
            f"{near[0] if near else 'gpt2 or vit'}; give the folder of a model, or update transformers"
        )
    if raw.get("quantization_config"):
        raise UnsupportedError(f"{source} holds quantised weights, which cannot be merged; give the original model")
    try:
        config = CONFIG_MAPPING[model_type].from_dict(copy.deepcopy(dict(raw)))
    except Exception as error:  # the library validates with errors of many kinds
        raise DataError(f"{source} holds a config.json that is not valid ({as_one_line(str(error), 300)})") from error
    if getattr(config, "is_encoder_decoder", False):
        raise UnsupportedError(
            f"{source} is an encoder-decoder ({model_type}), whose embeddings are tied; expected an encoder or "
            "a decoder"
        )
    if model_type in PADDED_LEFT:
        raise UnsupportedError(
            f"{source} is an {model_type}, which classifies by the last position and so needs texts padded on the "
            "left; expected a model that finds the end of a text"
        )
    return config


def classification(config: Any, source: str) -> tuple[str, Any]:
    """Return the kind of inputs, image or text, and the class of the library that classifies them.

    Raises:
        ConfigError: the model classifies both, and its architectures do not say which is meant.
        UnsupportedError: it classifies neither.
    """
    from transformers import MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING, MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING

    mappings: dict[str, Any] = {
        "image": MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING,
        "text": MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
    }
    stated = list(getattr(config, "architectures", None) or ())
    possible: dict[str, Any] = {}
    for kind, mapping in mappings.items():
        if type(config) in mapping:
            classes = mapping[type(config)]
            listed = tuple(classes) if isinstance(classes, list | tuple) else (classes,)
            possible[kind] = next((one for one in listed if one.__name__ in stated), listed[0])
    if not possible:
        raise UnsupportedError(
            f"transformers classifies neither images nor texts by a {config.model_type}, as {source} states; "
            "give a model that it does, or a function of yours"
        )
    if len(possible) == 2:
        named = [kind for kind, ending in KINDS.items() if any(name.endswith(ending) for name in stated)]
        if len(named) != 1:
            raise ConfigError(
                f"a {config.model_type} classifies images and texts; expected architectures in the config.json of "
                f"{source} to name one of {' and '.join(one.__name__ for one in possible.values())}, found {stated}"
            )
        return named[0], possible[named[0]]
    return next(iter(possible.items()))


def with_padding(config: Any, source: str) -> Any:
    """Return a configuration that says which token pads: where it does not, the end of a text does.

    Raises:
        DataError: there is no token for that.
    """
    padded = copy.deepcopy(config)
    text = padded.get_text_config()
    stated, ends = getattr(text, "pad_token_id", None), getattr(text, "eos_token_id", None)
    possible = [stated, *(ends if isinstance(ends, list | tuple) else [ends])]
    for token in possible:  # some write -1 where there is none
        if isinstance(token, int) and 0 <= token < text.vocab_size:
            text.pad_token_id = token
            return padded
    raise DataError(
        f"{source} needs a token that pads: expected pad_token_id or eos_token_id in its config.json to be one of "
        f"{text.vocab_size} tokens, found {' and '.join(map(str, possible))}; write one that no text ends with"
    )


def deciding(config: Any) -> dict[str, Any]:
    """Return what of a configuration decides the encoder's function beyond the shapes of its weights."""
    from transformers import PretrainedConfig

    general = PretrainedConfig().to_dict().keys()
    values = config.to_dict()
    try:
        known = type(config)().to_dict().keys()  # what else a file states means nothing to the library
    except Exception:  # of a configuration that is made of others
        known = values.keys()
    own: dict[str, Any] = _without_undeciding({key: values[key] for key in sorted(known - general) if key in values})
    return own


def _without_undeciding(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: _without_undeciding(part) for key, part in value.items() if not UNDECIDING.search(str(key))}


def require_same_architecture(config: Any, stored: StoredWeights) -> None:
    """Refuse a file whose own configuration states another architecture, which shapes alone may not show.

    Raises:
        DataError: it does; the message names the first key in which they differ.
    """
    stated = stored.config.get("model_type")
    if stated is None:
        return
    if stated != config.model_type:
        raise DataError(
            f"{stored.source} states model_type {stated!r}, expected {config.model_type!r} as the suite's model; "
            "all experts must be fine-tuned from the pre-trained model"
        )
    ours, theirs = deciding(config), deciding(read_config(stored.config, stored.source))
    for key, expected in ours.items():
        found = theirs.get(key)
        if json.dumps(found, default=str, sort_keys=True) != json.dumps(expected, default=str, sort_keys=True):
            raise DataError(
                f"{stored.source} states {key} {found!r}, expected {expected!r} as the suite's model; "
                "all experts must be fine-tuned from the pre-trained model"
            )
