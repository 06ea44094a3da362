"""Cleaning of raw text: entities, stray encodings, white space; sentences and windows."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

_QUOTES = str.maketrans(
    {"`": "'", "’": "'", "‘": "'", "´": "'", "“": '"', "”": '"', "\xad": "", "‑": "-", "‐": "-", "\ufffd": " "}
)
_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp"})
"""Unicode categories of control characters, marks of direction and separators of lines."""
_ADDRESS = re.compile(r"\b[\w.+=-]+@[\w-]+(\.[\w-]+)*")
_LINK = re.compile(r"(https?|ftp)://\S+|\bwww\.\S+", re.IGNORECASE)
_TELEPHONE = re.compile(r"(?<!\d)(\+?1[-. ])?(\(\d{3}\)|\d{3}[-./ ])[-. ]?\d{3}[-. ]\d{4}(?!\d)")
_ABBREVIATIONS = ("Mr", "Mrs", "Ms", "Dr", "St", "Jr", "Sr", "Lt", "Col", "Sgt", "Capt", "Gen", "Prof", "vs", "No")
_SENTENCE_END = re.compile(
    "".join(rf"(?<!\b{word}\.)" for word in _ABBREVIATIONS) + r"(?<!\b[A-Z]\.)(?<=[.!?])[\"')]*\s+(?=[\"'(]?[A-Z0-9])"
)


def clean(text: str) -> str:
    """Resolve HTML entities, write plain quotes and hyphens, drop control characters and join white space."""
    text = unicodedata.normalize("NFC", html.unescape(html.unescape(text)))
    text = text.translate(_QUOTES).replace("''", '"')
    words = "".join(" " if unicodedata.category(sign) in _UNSEEN else sign for sign in text).split()
    return " ".join(words)


def without_contacts(text: str) -> str:
    """Replace links, mail addresses and telephone numbers by a word in brackets."""
    for pattern, word in ((_LINK, "[link]"), (_ADDRESS, "[address]"), (_TELEPHONE, "[telephone]")):
        text = pattern.sub(word, text)
    return text


def sentences(text: str, fewest_characters: int = 20) -> Iterator[str]:
    """Yield the sentences of an English text that are long enough to say something."""
    start = 0
    for end in [*(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]:
        sentence = text[start:end].strip()
        start = end
        if len(sentence) >= fewest_characters:
            yield sentence


def windows(text: str, n_words: int) -> Iterator[str]:
    """Yield the consecutive runs of `n_words` words of a text, without overlap; what is left over is dropped."""
    words = re.sub(r"\s+([,.;:!?)])", r"\1", text).split()
    for start in range(0, len(words) - n_words + 1, n_words):
        yield " ".join(words[start : start + n_words])


def first_words(text: str, most_characters: int) -> str:
    """Return the words of a text that fit into `most_characters`, all of it if it is shorter."""
    if len(text) <= most_characters:
        return text
    return text[: most_characters + 1].rsplit(" ", 1)[0][:most_characters]
