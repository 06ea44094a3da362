"""The words of raw e-mails: subject and body as text, without headers, markup, addresses and signatures."""

from __future__ import annotations

import email
import email.header
import re
from email.errors import HeaderParseError
from email.message import Message
from html.parser import HTMLParser

from .build_cleaning import clean, without_contacts

_SIGNATURE = re.compile(r"^(-- ?|_{20,}|-{20,}|-*(DeathToSpam)+-*)$", re.MULTILINE)
_EXPLICIT = re.compile(
    r"porn|xxx|\bcum\b|cock\b|pussy|\bsluts?\b|blow ?job|hardcore|\btits\b|fuck|cunt|gang ?bang|\bnude|\bsex\b|horny|"
    r"penis|incest|\brape|lolita|\bteens?\b|naked|bestiality|zoophil|masturbat|orgasm|erotic|\bwhores?\b",
    re.IGNORECASE,
)
_RULES = re.compile(r"([-_=*~#.+>|!$])\1{3,}")


class _Words(HTMLParser):
    """Collects the text of a page that a reader sees."""

    hidden = frozenset({"script", "style", "title"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.within = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in self.hidden:
            self.within = tag
        self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == self.within:
            self.within = ""

    def handle_data(self, data: str) -> None:
        if not self.within:
            self.parts.append(data)


def without_markup(page: str) -> str:
    """Return the text of an HTML page."""
    parser = _Words()
    parser.feed(page)
    parser.close()
    return "".join(parser.parts)


def decoded(content: bytes, charset: str | None) -> str:
    """Decode bytes by the charset that a mail states, else as UTF-8, else as Windows-1252, which most liars mean."""
    for name in (charset, "utf-8"):
        try:
            if name is not None and name.lower() != "us-ascii":
                return content.decode(name)
        except (LookupError, UnicodeDecodeError):
            continue
    return content.decode("cp1252", errors="replace")


def _subject(message: Message) -> str:
    raw = str(message.get("Subject", ""))
    try:
        parts = email.header.decode_header(raw)
    except HeaderParseError:
        return raw
    return "".join(part if isinstance(part, str) else decoded(part, charset) for part, charset in parts)


def _body(message: Message) -> str:
    texts = {
        kind: [part for part in message.walk() if part.get_content_type() == kind]
        for kind in ("text/plain", "text/html")
    }
    for part in [*texts["text/plain"], *texts["text/html"]]:
        content = part.get_payload(decode=True)
        text = decoded(content, part.get_content_charset()) if isinstance(content, bytes) else ""
        if re.search(r"<(html|body|table|font|br|p)\b", text, re.IGNORECASE):
            text = without_markup(text)
        if text.strip():
            return text
    return ""


def words_of_mail(raw: bytes) -> str:
    """Return subject and body of a mail on one line, with words for links, addresses and telephone numbers.

    The body ends at its signature or at the rule above a mailing list's footer, which would give its group away.
    """
    message = email.message_from_bytes(raw)
    text = f"{_subject(message)}\n{_SIGNATURE.split(_body(message), maxsplit=1)[0]}"
    return without_contacts(clean(_RULES.sub(r"\1\1\1", text)))


def is_explicit(text: str) -> bool:
    """Say whether a text has words that sexual advertisements have, which need not be shipped."""
    return _EXPLICIT.search(text) is not None


def is_latin(text: str) -> bool:
    """Say whether a text is written in unaccented letters for the most part, as English is."""
    letters = [character for character in text if character.isalpha()]
    return len(letters) >= 20 and sum(letter.isascii() for letter in letters) > 0.95 * len(letters)
