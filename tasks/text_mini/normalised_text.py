"""What two texts share when they count as the same."""

from __future__ import annotations

import unicodedata


def normalised(text: str) -> str:
    """Return the letters and digits of a text, casefolded, without accents, punctuation and white space.

    Texts that agree in it are one text to the splits: no two splits share one. It is empty where a text has neither
    letters nor digits.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(character for character in plain if character.isalnum())
