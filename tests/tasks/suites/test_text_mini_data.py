"""The texts that text-mini ships."""

import re
import shutil

import pytest
import torch

from frontrunner.errors import DataError
from frontrunner.tasks.shipped_data.split_shares import SPLITS
from frontrunner.tasks.text_mini import texts
from frontrunner.tasks.text_mini.build_cleaning import clean
from frontrunner.tasks.text_mini.build_splits import CAPS, place_of, split_at
from frontrunner.tasks.text_mini.build_text_sources import TASKS
from frontrunner.tasks.text_mini.build_texts import BUDGET_BYTES
from frontrunner.tasks.text_mini.normalised_text import normalised

NAMES = tuple(task.name for task in TASKS)


@pytest.fixture(scope="module")
def shipped():
    return {name: texts.load_task(name) for name in texts.manifest()}


@pytest.fixture(scope="module")
def corpus():
    return texts.load_corpus()


def test_no_normalised_text_is_in_two_splits_of_any_task_or_of_the_corpus(shipped, corpus):
    seen = {split: set() for split in SPLITS}
    seen["pretrain"].update(map(normalised, corpus))
    for task in shipped.values():
        for split, rows in task.splits.items():
            seen[split].update(map(normalised, rows.texts))
    assert all(seen.values())
    assert "" not in set.union(*seen.values())
    assert sum(map(len, seen.values())) == len(set.union(*seen.values()))


@pytest.mark.parametrize("task", [task for task in TASKS if task.split_by == "text"], ids=lambda task: task.name)
def test_a_text_is_in_the_split_of_its_hash(task, shipped):
    for split, rows in shipped[task.name].splits.items():
        assert {split_at(place_of(text)) for text in rows.texts} == {split}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_task_is_what_its_entry_and_the_manifest_say(task, shipped):
    entry = texts.manifest()[task.name]
    classes, splits = shipped[task.name]
    assert tuple(entry["classes"]) == classes == task.classes
    assert (entry["licence"], entry["split_by"]) == (task.licence, task.split_by)
    assert entry["source"].startswith(f"{task.package.name} ")
    assert list(splits) == list(SPLITS)
    assert {split: len(rows.texts) for split, rows in splits.items()} == entry["splits"]
    for split, rows in splits.items():
        assert rows.labels.dtype == torch.int64
        assert rows.labels.shape == (len(rows.texts),)
        assert len(rows.texts) <= CAPS[split]
        counts = torch.bincount(rows.labels, minlength=len(classes))
        assert len(counts) == len(classes)
        assert counts.min() > 0, "every class is in every split"
        if task.balanced:
            assert counts.min() == counts.max()


def test_tasks_come_in_the_order_of_the_list_that_builds_them():
    assert tuple(texts.manifest()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_text_occurs_once_in_a_task(name, shipped):
    keys = [normalised(text) for rows in shipped[name].splits.values() for text in rows.texts]
    assert len(set(keys)) == len(keys)


def test_corpus_has_the_pretrain_split_of_every_task_and_more_and_nothing_twice(shipped, corpus):
    known = set(corpus)
    assert len(known) == len(corpus)
    of_tasks = {text for task in shipped.values() for text in task.splits["pretrain"].texts}
    assert of_tasks < known
    assert len(known) == len(of_tasks) + sum(texts.read_manifest(texts.ASSETS, "corpus")["sources"].values())


def test_texts_are_clean_and_name_nobody_to_write_to(shipped, corpus):
    everything = [text for task in shipped.values() for rows in task.splits.values() for text in rows.texts]
    for text in [*everything, *corpus]:
        assert clean(text) == text
    joined = "\n".join([*everything, *corpus])
    assert "\ufffd" not in joined
    assert not re.search(r"&(amp|quot|lt|gt|nbsp|#\d+);", joined)
    assert not re.search(r"â€|Ã©", joined), "UTF-8 read as Windows-1252"
    mails = "\n".join(text for rows in shipped["spam"].splits.values() for text in rows.texts)
    for word in ("[address]", "[link]", "[telephone]"):
        assert word in mails
    for contact in (r"\w@\w+\.\w", r"https?://\w", r"\(\d{3}\) ?\d{3}-\d{4}"):
        assert not re.search(contact, joined)


def test_what_ships_keeps_to_its_budget():
    described = {entry["file"] for entry in texts.manifest().values()} | {"corpus.parquet", "manifest.json"}
    files = [texts.ASSETS / file for file in (*described, "PROVENANCE.md")]
    assert sum(file.stat().st_size for file in files) <= BUDGET_BYTES
    assert {file.name for file in texts.ASSETS.glob("*.parquet")} <= described


def test_provenance_has_a_row_a_task_and_the_notices_that_the_licences_ask_for():
    document = (texts.ASSETS / "PROVENANCE.md").read_text()
    for name, entry in texts.manifest().items():
        n_shipped = sum(entry["splits"].values())
        assert re.search(rf"^\| {name} \| {re.escape(entry['source'])} \|.*\| {n_shipped:,} \|", document, re.MULTILINE)
    for notice in ("WordNet 3.0 Copyright 2006", "PRINCETON", "Hutto", "Stdlib Authors", "Titus Wormer", "Apache"):
        assert notice in document


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of what is shipped, which the reader takes for it."""
    folder = shutil.copytree(texts.ASSETS, tmp_path / "assets")
    monkeypatch.setattr(texts, "ASSETS", folder)
    texts.manifest.cache_clear()
    yield folder
    texts.manifest.cache_clear()


@pytest.mark.parametrize("file", ["sentiment.parquet", "corpus.parquet"])
@pytest.mark.parametrize("harm", ["missing", "empty", "cut", "changed"])
def test_a_missing_or_damaged_file_is_one_sentence(file, harm, copy):
    content = (copy / file).read_bytes()
    if harm == "missing":
        (copy / file).unlink()
    else:
        harmed = {"empty": b"", "cut": content[:-10], "changed": content[:50] + b"\0" + content[51:]}
        (copy / file).write_bytes(harmed[harm])
    with pytest.raises(DataError, match=r"reinstall frontrunner$") as raised:
        texts.load_corpus()
    assert ("cannot be read" if harm == "missing" else "is damaged") in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [None, "", "{}", "[]"])
def test_a_missing_or_damaged_manifest_is_one_sentence(content, copy):
    (copy / "manifest.json").unlink()
    if content is not None:
        (copy / "manifest.json").write_text(content)
    for read in (texts.manifest, texts.load_corpus, lambda: texts.load_task("spam")):
        with pytest.raises(DataError, match=r"manifest\.json cannot be read \(.*\); reinstall frontrunner$"):
            read()
