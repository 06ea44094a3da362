"""What suites that ship their data share: packages, archives, manifests, provenance tables, budgets."""

import io
import json
import tarfile

import numpy as np
import pytest

from frontrunner.errors import DataError
from frontrunner.tasks.shipped_data.archive_members import one_member, tar_members
from frontrunner.tasks.shipped_data.folder_budget import check_budget
from frontrunner.tasks.shipped_data.manifest import file_entry, manifest_text, read_manifest, read_shipped
from frontrunner.tasks.shipped_data.packages import Package, fetch, source_of
from frontrunner.tasks.shipped_data.provenance import table_row, with_table
from frontrunner.tasks.shipped_data.unique_examples import unique_examples


def test_repeats_keep_the_first_and_contradictions_keep_none():
    unique = unique_examples(["a", "b", "a", "c", "b"], np.array([0, 1, 0, 2, 3]))
    assert unique.indices.tolist() == [0, 3]
    assert (unique.n_repeats, unique.n_contradictory) == (1, 2)


def test_manifest_keeps_a_list_of_numbers_on_one_line_and_its_meaning():
    manifest = {"labels": list(range(200)), "classes": ["a b", "c"], "splits": {"train": [0, 5]}}
    text = manifest_text(manifest)
    assert json.loads(text) == manifest
    assert any(line.count(",") >= 199 for line in text.splitlines())


def test_provenance_table_replaces_the_old_one_only():
    document = "above\n<!-- table: written by build_data -->\nold\n<!-- end of table -->\nbelow\n"
    changed = with_table(document, ["new"], written_by="build_data")
    assert changed == document.replace("old", "new")
    assert with_table(changed, ["new"], written_by="build_data") == changed
    with pytest.raises(DataError, match="missing"):
        with_table("no markers", ["new"], written_by="build_data")


def test_fetch_prefers_what_is_there_and_says_what_to_do_when_a_client_fails(tmp_path, monkeypatch):
    package = Package(registry="npm", name="thing", version="1.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match=r"put thing-1\.0\.tgz into"):
        fetch(package, tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "thing-1.0.tgz").write_bytes(b"")
    assert fetch(package, tmp_path).parent.name == "sub"


def test_tar_members_reads_wanted_files_and_no_links(tmp_path):
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as tar:
        for name in ("yes.png", "no.txt"):
            member = tarfile.TarInfo(name)
            member.size = 3
            tar.addfile(member, io.BytesIO(b"abc"))
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "yes.png"
        tar.addfile(link)
    for archive in (tmp_path / "a.tgz", (tmp_path / "a.tgz").read_bytes()):
        assert list(tar_members(archive, lambda name: name.endswith(".png"))) == [("yes.png", b"abc")]
        assert one_member(archive, "no.txt") == b"abc"
        with pytest.raises(DataError, match=r"expected a file ending with 'other\.txt'"):
            one_member(archive, "other.txt")


@pytest.mark.parametrize(
    ("package", "pattern"),
    [
        (Package(registry="npm", name="plain", version="1.0"), "plain-1.0.tgz"),
        (Package(registry="npm", name="@scope/some-data", version="1.0"), "scope-some-data-1.0.tgz"),
        (Package(registry="PyPI", name="some-data", version="2.1"), "some_data-2.1-*.whl"),
        (Package(registry="PyPI", name="someData", version="2.1", sdist=True), "someData-2.1.tar.gz"),
        (Package(registry="Debian", name="some-data"), "some-data_*.deb"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_package_knows_the_file_its_client_writes(package, pattern):
    assert package.pattern == pattern


def test_source_names_package_version_and_registry(tmp_path):
    assert source_of(Package(registry="npm", name="@a/b", version="1.0"), tmp_path) == "@a/b 1.0 (npm)"


def test_table_row_writes_counts_with_commas_and_texts_as_they_are():
    assert table_row("name", 12345, 0, "2.50 MB") == "| name | 12,345 | 0 | 2.50 MB |"


def test_budget_is_the_sum_of_the_files(tmp_path):
    files = [tmp_path / "a", tmp_path / "b"]
    for file in files:
        file.write_bytes(b"12345")
    assert check_budget(files, 10, "texts", "cut some") == 10
    with pytest.raises(DataError, match="expected at most 9 bytes of texts, found 10; cut some"):
        check_budget(files, 9, "texts", "cut some")


def test_shipped_file_is_read_as_it_was_described(tmp_path):
    entry = file_entry("data.bin", b"content")
    (tmp_path / "data.bin").write_bytes(b"content")
    (tmp_path / "manifest.json").write_text(manifest_text({"version": 1, "tasks": {"one": entry}}))
    assert read_shipped(tmp_path, read_manifest(tmp_path, "tasks")["one"], "texts of 'one'") == b"content"


@pytest.mark.parametrize("content", [b"", b"conten", b"Content", None])
def test_damaged_or_missing_file_is_one_sentence(tmp_path, content):
    entry = file_entry("data.bin", b"content")
    if content is not None:
        (tmp_path / "data.bin").write_bytes(content)
    with pytest.raises(DataError, match="reinstall frontrunner") as raised:
        read_shipped(tmp_path, entry, "texts of 'one'")
    assert ("is damaged" if content is not None else "the texts of 'one' cannot be read") in str(raised.value)


@pytest.mark.parametrize("text", [None, "", "{", "[1]", '{"version": 1}', "null"])
def test_damaged_or_missing_manifest_is_one_sentence(tmp_path, text):
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(DataError, match=r"manifest\.json cannot be read \(.*\); reinstall frontrunner"):
        read_manifest(tmp_path, "tasks")
