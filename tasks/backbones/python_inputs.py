"""What a user's model takes, as the user's function or the options of the suite file describe it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import ConfigError
from ...one_line import shown
from ..datasets.input_format import InputFormat
from ..datasets.text_format import TextFormat
from .image_options import IMAGE_OPTIONS, image_format_of

TEXT_OPTIONS = ("tokenizer", "pad_token_id")
"""The options of texts: a tokenizer.json or a folder that holds one, relative to the user's file, and what pads."""
INPUT_OPTIONS = (*IMAGE_OPTIONS, *TEXT_OPTIONS, "inputs")


def described_inputs(described: Mapping[str, Any], folder: Path, max_length: int | None, source: str) -> InputFormat:
    """Return the format that a description means: `inputs` itself, texts where there is a tokenizer, else images.

    Args:
        described: what the user's function and the options say.
        folder: where relative paths start.
        max_length: the most tokens of a text.
        source: what messages call the model.

    Raises:
        ConfigError: the description is contradictory, or lacks what is needed.
        DataError: the tokenizer cannot be read.
    """
    given = [name for name in ("inputs", "tokenizer", "image_size") if name in described]
    if len(given) > 1:
        raise ConfigError(f"{source} describes its inputs by {' and '.join(given)}; expected one of them")
    for name, others in (("inputs", (*IMAGE_OPTIONS, *TEXT_OPTIONS)), ("tokenizer", IMAGE_OPTIONS)):
        if name in described and (unused := [other for other in others if other in described]):
            raise ConfigError(f"{source} has {name}, beside which {', '.join(unused)} would mean nothing; remove that")
    if "inputs" in described:
        if max_length is not None:
            raise ConfigError(f"inputs of {source} say all, so max_length means nothing; remove it from the suite file")
        if not isinstance(described["inputs"], InputFormat):
            raise ConfigError(f"inputs of {source} must be an InputFormat, found {type(described['inputs']).__name__}")
        return described["inputs"]
    if "tokenizer" not in described:
        if max_length is not None and "image_size" in described:
            raise ConfigError(f"{source} takes images, so max_length means nothing; remove it from the suite file")
        if "pad_token_id" in described and "image_size" in described:
            raise ConfigError(f"{source} takes images, so pad_token_id means nothing; remove it")
        return image_format_of(described, source)
    if max_length is None:
        raise ConfigError(f"{source} takes texts: set max_length in the suite file, the most tokens of a text")
    tokenizer = described["tokenizer"]
    if isinstance(tokenizer, str):
        tokenizer = folder / Path(tokenizer).expanduser()
    pad = described.get("pad_token_id", 0)
    if not isinstance(pad, int) or isinstance(pad, bool):
        raise ConfigError(f"pad_token_id of {source} must be the number of a token, found {shown(pad)}")
    return TextFormat(tokenizer=tokenizer, max_length=max_length, pad_token_id=pad)
