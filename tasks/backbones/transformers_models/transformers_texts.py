"""How a model of transformers takes texts: by the tokenizer of its folder, as long as its positions reach."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, models, pre_tokenizers

from ....errors import ConfigError, DataError
from ...datasets.text_format import TYPES, TextFormat
from ...datasets.tokenizer_files import read_tokenizer
from ...weight_files.weight_folder import WeightLayout, read_config

LONGEST_UNASKED = 4096
"""Tokens of a text that are stored without the suite file's asking for so many: every text takes as much space."""


def text_format(
    tokenizer: Tokenizer, config: Any, encoder: Any, *, source: str, max_length: int | None = None
) -> TextFormat:
    """Return the format of a model's texts.

    Args:
        tokenizer: the model's.
        config: the model's configuration, which says what pads.
        encoder: the base model.
        source: what messages call the model.
        max_length: the most tokens of a text; all that the model has positions for when None.

    Raises:
        ConfigError: `max_length` is more than that, or needed.
        DataError: the tokenizer has more tokens than the model.
    """
    text = config.get_text_config()
    greatest = max(tokenizer.get_vocab().values(), default=0)
    if greatest >= text.vocab_size:
        raise DataError(
            f"the tokenizer of {source} has tokens up to number {greatest}, expected less than the model's vocabulary "
            f"of {text.vocab_size}; give the tokenizer that the model was trained with"
        )
    limit = positions(text, encoder)
    if max_length is not None and limit is not None and max_length > limit:
        raise ConfigError(f"max_length may be {limit} at most, as many positions as {source} has, found {max_length}")
    longest = limit if max_length is None else max_length
    if longest is None or (max_length is None and longest > LONGEST_UNASKED):
        raise ConfigError(
            f"{source} takes texts of {longest or 'any number of'} tokens, and every stored text takes as much space; "
            "set max_length in the suite file, such as 512"
        )
    tells_apart = TYPES in inspect.signature(encoder.forward).parameters and getattr(text, "type_vocab_size", 0) > 1
    return TextFormat(
        tokenizer=tokenizer, max_length=longest, pad_token_id=text.pad_token_id, token_type_ids=tells_apart
    )


def positions(config: Any, encoder: Any) -> int | None:
    """Return how many tokens a model has positions for; None where it states no number.

    RoBERTa and its kin count positions from the one behind the token that pads.
    """
    stated = getattr(config, "max_position_embeddings", None)
    if not isinstance(stated, int) or stated < 1:
        return None
    table = getattr(getattr(encoder, "embeddings", None), "position_embeddings", None)
    unused = getattr(table, "padding_idx", None)
    return stated if unused is None else stated - unused - 1


def tells_texts_apart(folder: Path | None) -> bool:
    """Return whether the tokenizer of a model's folder numbers the texts of a pair for the model, as transformers does.

    Its configuration says so by `model_input_names`, else by its class; where neither is known, it does.
    """
    file = None if folder is None else folder / "tokenizer_config.json"
    if file is None or not file.is_file():
        return True
    import transformers

    said = read_config(WeightLayout((), None, file))
    kind = getattr(transformers, str(said.get("tokenizer_class")), None)
    names = said.get("model_input_names", getattr(kind, "model_input_names", [TYPES]))
    return TYPES in names


def tokenizer_in(folder: Path | None, source: str) -> Tokenizer:
    """Return the tokenizer of a model's folder.

    Raises:
        DataError: there is no folder, or none in it.
    """
    if folder is None:
        raise DataError(f"{source} has no folder with a tokenizer; give the model's folder or its id on the hub")
    return read_tokenizer(folder)


def letters_as_tokens(vocab_size: int) -> Tokenizer:
    """Return a tokenizer whose tokens are letters, for random weights where no tokenizer is."""
    letters = {chr(number): number for number in range(min(vocab_size, 128))}
    tokenizer = Tokenizer(models.WordLevel(letters, unk_token=chr(0)))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    return tokenizer
