"""Texts as a language model takes them: numbers of tokens and their mask, stored once, trimmed every batch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ...errors import ConfigError, DataError
from ...one_line import shown
from ..real_numbers import as_count, as_whole
from .input_format import InputFormat
from .tokenizer_files import read_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

IDS, MASK, TYPES = "input_ids", "attention_mask", "token_type_ids"


@dataclass(frozen=True)
class TextFormat(InputFormat):
    """Turns texts and pairs of texts into token numbers (n, `max_length`), padded at the end, with a mask.

    A pair is made as the tokenizer makes it: GPT-2's puts the tokens of both behind each other with nothing between, as
    the paper does (arXiv 2406.09770); BERT's puts its separator there. Or both are joined to one text by `separator`.
    What is longer than `max_length` is cut at the end, of a pair the longer text.

    Raises:
        ConfigError: `max_length` or `pad_token_id` is no number that it can be.
        DataError: the tokenizer cannot be read.
    """

    kind: ClassVar[Literal["image", "text"]] = "text"

    tokenizer: Tokenizer
    """A tokenizer of the library `tokenizers`, or the path of its file, or of a model's folder."""
    max_length: int
    """The most tokens of a text or pair, those that the tokenizer adds included."""
    pad_token_id: int = 0
    """The number that fills up; it may be that of a token that texts have, since models are given the mask."""
    separator: str | None = None
    """What joins the texts of a pair to one; None makes pairs the tokenizer's way."""
    token_type_ids: bool = False
    """Whether the model takes numbers that tell the texts of a pair apart."""

    def __post_init__(self) -> None:
        from tokenizers import Tokenizer

        given: object = self.tokenizer
        own = read_tokenizer(Path(given)) if isinstance(given, str | Path) else given
        if not isinstance(own, Tokenizer):
            raise ConfigError(
                f"the tokenizer of a TextFormat must be a tokenizers.Tokenizer or a path, found {type(own).__name__}"
            )
        max_length = as_whole("max_length of a TextFormat", self.max_length)
        own = Tokenizer.from_str(own.to_str())  # a copy, which is changed
        own.no_padding()
        least = own.num_special_tokens_to_add(is_pair=True) + 1
        if max_length < least:
            raise ConfigError(
                f"max_length of a TextFormat must be {least} or more with its tokenizer, found {max_length}"
            )
        own.enable_truncation(max_length)
        object.__setattr__(self, "tokenizer", own)
        object.__setattr__(self, "max_length", max_length)
        object.__setattr__(self, "pad_token_id", as_count("pad_token_id of a TextFormat", self.pad_token_id))

    @property
    def key(self) -> Mapping[str, Any]:
        """The digest of the tokenizer, the version of its library, and the options."""
        import tokenizers

        names = ("max_length", "pad_token_id", "separator", "token_type_ids")
        return {
            "kind": self.kind,
            "tokenizer": hashlib.sha256(self.tokenizer.to_str().encode()).hexdigest(),
            "tokenizers": tokenizers.__version__,
            **{name: getattr(self, name) for name in names},
        }

    def stored(self, examples: Sequence[Any]) -> Mapping[str, NDArray[np.generic]]:
        """Return `input_ids`, `attention_mask` and perhaps `token_type_ids`, each (n, `max_length`).

        Token numbers are in the smallest integer type that holds all of the tokenizer's.

        Args:
            examples: texts, or tuples of one or two.

        Raises:
            DataError: an example is no text, or one without tokens.
        """
        texts = [self._text(number, example) for number, example in enumerate(examples)]
        shape = (len(texts), self.max_length)
        arrays: dict[str, NDArray[Any]] = {
            IDS: np.full(shape, self.pad_token_id, dtype=self._type()),
            MASK: np.zeros(shape, dtype=np.uint8),
        }
        if self.token_type_ids:
            arrays[TYPES] = np.zeros(shape, dtype=np.uint8)
        for number, encoding in enumerate(self.tokenizer.encode_batch(texts)):
            length = len(encoding.ids)
            if sum(encoding.special_tokens_mask) == length:
                raise DataError(
                    f"the text at position {number} has no tokens, found {shown(texts[number])}; drop such examples"
                )
            arrays[IDS][number, :length] = encoding.ids
            arrays[MASK][number, :length] = 1
            if self.token_type_ids:
                arrays[TYPES][number, :length] = encoding.type_ids
        return arrays

    def notes(self, stored: Mapping[str, NDArray[np.generic]]) -> tuple[str, ...]:
        """Say how many texts fill all tokens, which is where they are cut."""
        full = int(np.count_nonzero(stored[MASK][:, -1]))
        if full == 0:
            return ()
        return (f"{full} of {len(stored[MASK])} texts have {self.max_length} tokens or more and are cut there.",)

    def trim(self, stored: Any) -> Mapping[str, Tensor]:
        """Return a batch without the columns in which all of its texts are padded."""
        named = cast("Mapping[str, Tensor]", stored)
        used = named[MASK].any(dim=0).nonzero()
        width = int(used[-1]) + 1 if len(used) else 1
        return {name: tensor[:, :width] for name, tensor in named.items()}

    def join(self, parts: Sequence[Any]) -> Mapping[str, Tensor]:
        """Return batches as one, padded to the widest."""
        width = max(part[MASK].shape[1] for part in parts)

        def widened(name: str, tensor: Tensor) -> Tensor:
            value = self.pad_token_id if name == IDS else 0
            return functional.pad(tensor, (0, width - tensor.shape[1]), value=value)

        return {name: torch.cat([widened(name, part[name]) for part in parts]) for name in parts[0]}

    def to_input(self, stored: Any) -> Mapping[str, Tensor]:
        """Return the numbers as int64, by the names that transformers has for them."""
        return {name: tensor.long() for name, tensor in stored.items()}

    def _text(self, number: int, example: object) -> str | tuple[str, str]:
        """Return an example as the tokenizer takes it."""
        parts = (example,) if isinstance(example, str) else tuple(example) if isinstance(example, list | tuple) else ()
        if len(parts) not in (1, 2) or not all(isinstance(part, str) for part in parts):
            raise DataError(f"the example at position {number} must be one text or two, found {shown(example)}")
        if len(parts) == 1:
            return cast("str", parts[0])
        first, second = cast("tuple[str, str]", parts)
        return (first, second) if self.separator is None else f"{first}{self.separator}{second}"

    def _type(self) -> np.dtype[Any]:
        greatest = max(self.tokenizer.get_vocab_size() - 1, *self.tokenizer.get_vocab().values(), self.pad_token_id)
        return np.dtype(np.uint8 if greatest < 2**8 else np.uint16 if greatest < 2**16 else np.int32)
