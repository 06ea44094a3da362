"""Words of users and learners inside Markdown."""

from __future__ import annotations

import re


def plain(words: str) -> str:
    """One line in which what Markdown would take for its own is escaped: labels are the user's, reasons the learner's.

    A bracket that follows a closing one is escaped too, so that no words become a link or load a picture.
    """
    return re.sub(r"([\\|*<`]|(?<=\])[(\[])", r"\\\1", " ".join(words.split()))
