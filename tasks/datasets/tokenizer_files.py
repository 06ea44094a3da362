"""Reading tokenizers as their makers leave them: a tokenizer.json, or a folder of a transformers model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import DataError
from ...one_line import as_one_line

if TYPE_CHECKING:
    from tokenizers import Tokenizer

FILE = "tokenizer.json"
PARTS = ("vocab.json", "vocab.txt", "merges.txt", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model")
"""What folders hold that are older than tokenizer.json; transformers makes a tokenizer of them."""


def read_tokenizer(path: Path) -> Tokenizer:
    """Return the tokenizer of a file, or of a model's folder.

    Raises:
        DataError: there is none, or it cannot be read.
    """
    from tokenizers import Tokenizer

    file = path / FILE if path.is_dir() else path
    if path.is_dir() and not file.is_file():
        if any((path / part).is_file() for part in PARTS):
            return _assembled(path)
        raise DataError(f"expected a tokenizer in {path}, found no {FILE}; copy it there from the model's repository")
    if not file.is_file():
        raise DataError(f"expected a tokenizer, found no file {file}; give a {FILE} or the folder that holds it")
    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers raises nothing more special
        reason = as_one_line(str(error), 200)
        raise DataError(f"the tokenizer {file} cannot be read ({reason}); copy it anew") from error


def _assembled(folder: Path) -> Tokenizer:
    """Return the tokenizer that transformers makes of the parts in a folder."""
    from transformers import AutoTokenizer

    try:
        made = AutoTokenizer.from_pretrained(str(folder), use_fast=True, local_files_only=True)
        found: Tokenizer = made.backend_tokenizer
    except Exception as error:
        reason = as_one_line(str(error), 200)
        raise DataError(
            f"transformers makes no tokenizer of the files in {folder} ({reason}); copy the model's {FILE} there"
        ) from error
    return found
