"""The tokenizer in a folder of transformers, which `AutoTokenizer` is to read as it was used."""

from __future__ import annotations

import json
from pathlib import Path

from ...datasets.text_format import TYPES, TextFormat

CONFIG = "tokenizer_config.json"


def state_tokenizer(inputs: TextFormat, folder: Path) -> None:
    """Say in a folder of a model that its tokenizer.json is all there is to know, where nothing else is said.

    Without a tokenizer_config.json `AutoTokenizer` makes the tokenizer that is usual for the kind of model of a
    tokenizer.json's vocabulary alone: GPT-2's, say, without the space before the first word that this one may add.

    Args:
        inputs: how texts were made inputs.
        folder: the model's, written.
    """
    if (folder / CONFIG).exists() or not (folder / "tokenizer.json").exists():
        return
    said = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": inputs.max_length,
        "model_input_names": ["input_ids", *([TYPES] if inputs.token_type_ids else []), "attention_mask"],
        "padding_side": "right",
        "pad_token": inputs.tokenizer.id_to_token(inputs.pad_token_id),
    }
    known = {key: value for key, value in said.items() if value is not None}
    (folder / CONFIG).write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
