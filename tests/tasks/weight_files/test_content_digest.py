"""A digest is computed once a content, and never taken from another content."""

import hashlib
import os
import shutil

import pytest
from weight_models import tensors, written_safetensors

import frontrunner as fr
from frontrunner.tasks.weight_files import content_digest, file_identity, weight_digest
from frontrunner.tasks.weight_files.content_digest import digest_of
from frontrunner.tasks.weight_files.mapped_file import map_safetensors
from frontrunner.tasks.weight_files.weight_digest import digest_weights


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def settled(monkeypatch):
    """Files settle at once: as if they had been written long ago."""
    monkeypatch.setattr(file_identity, "SETTLED_S", -1.0)


@pytest.fixture
def reads(monkeypatch):
    """How many files were read for a digest."""
    read = []
    whole = hashlib.file_digest

    def counted(opened, kind):
        read.append(opened.name)
        return whole(opened, kind)

    monkeypatch.setattr(content_digest.hashlib, "file_digest", counted)
    return read


def written(file, content):
    file.write_bytes(content)
    return file


@pytest.mark.usefixtures("settled")
class TestOnce:
    def test_a_file_is_read_once(self, tmp_path, reads):
        file = written(tmp_path / "a", b"abc")
        assert [digest_of(file) for _ in range(3)] == [hashlib.sha256(b"abc").hexdigest()] * 3
        assert len(reads) == 1

    @pytest.mark.parametrize("change", ["content", "length", "replaced", "dated back"])
    def test_a_changed_file_is_read_again(self, tmp_path, reads, change):
        file = written(tmp_path / "a", b"abc")
        digest_of(file)
        before = file.stat()
        if change == "replaced":
            written(tmp_path / "b", b"xyz").replace(file)
        else:
            written(file, b"abcd" if change == "length" else b"xyz")
        if change == "dated back":
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert digest_of(file) == hashlib.sha256(file.read_bytes()).hexdigest()
        assert len(reads) == 2

    def test_a_damaged_memory_is_no_answer(self, tmp_path, reads):
        file = written(tmp_path / "a", b"abc")
        expected = digest_of(file)
        for kept in (tmp_path / "cache").rglob("*.json"):
            kept.write_text("{")
        assert digest_of(file) == expected
        assert len(reads) == 2

    def test_a_cache_that_cannot_be_written_costs_time_only(self, tmp_path, monkeypatch):
        written(tmp_path / "file", b"")
        monkeypatch.setenv("FRONTRUNNER_CACHE", str(tmp_path / "file"))
        assert digest_of(written(tmp_path / "a", b"abc")) == hashlib.sha256(b"abc").hexdigest()


def test_a_file_that_was_just_written_is_not_remembered(tmp_path, reads):
    file = written(tmp_path / "a", b"abc")
    digest_of(file)
    written(file, b"xyz")
    assert digest_of(file) == hashlib.sha256(b"xyz").hexdigest()
    digest_of(file)
    assert len(reads) == 3


def test_a_file_from_the_future_is_not_remembered(tmp_path, reads):
    file = written(tmp_path / "a", b"abc")
    os.utime(file, (4e9, 4e9))
    digest_of(file)
    digest_of(file)
    assert len(reads) == 2


def test_what_is_no_file_is_refused(tmp_path):
    for nothing in (tmp_path, tmp_path / "missing"):
        with pytest.raises(fr.DataError, match="cannot be read"):
            digest_of(nothing)


@pytest.mark.usefixtures("settled")
class TestWeights:
    @pytest.fixture
    def hashed(self, monkeypatch):
        """How often weights were hashed."""
        made = []
        whole = hashlib.sha256
        monkeypatch.setattr(weight_digest.hashlib, "sha256", lambda *content: made.append(1) or whole(*content))
        return made

    def test_the_digest_of_mapped_weights_is_that_of_ordinary_ones(self, tmp_path):
        mapped = map_safetensors(written_safetensors(tmp_path / "a.safetensors")).tensors
        assert digest_weights(mapped) == digest_weights(tensors()) == digest_weights(mapped)

    def test_another_process_reads_nothing(self, tmp_path, reads):
        file = written_safetensors(tmp_path / "a.safetensors")
        digest_weights(map_safetensors(file).tensors)
        assert digest_weights(map_safetensors(file).tensors) == digest_weights(tensors())
        assert len(reads) == 1

    def test_names_views_and_order_count(self, tmp_path):
        mapped = map_safetensors(written_safetensors(tmp_path / "a.safetensors")).tensors
        for change in (
            lambda t: {f"x.{name}": tensor for name, tensor in t.items()},
            lambda t: {name: tensor[1:] for name, tensor in t.items()},
            lambda t: {name: tensor.T for name, tensor in t.items()},
            lambda t: {name: tensor.view(4, 3) for name, tensor in t.items()},
            lambda t: {"layer0.weight": t["layer1.weight"], "layer1.weight": t["layer0.weight"]},
        ):
            assert digest_weights(change(mapped)) == digest_weights(change(tensors())) != digest_weights(tensors())

    @pytest.mark.parametrize("write", [lambda t: t.mul_(2), lambda t: t.numpy().fill(3)])
    def test_what_was_written_into_mapped_weights_counts(self, tmp_path, write):
        mapped = map_safetensors(written_safetensors(tmp_path / "a.safetensors")).tensors
        digest_weights(mapped)
        changed = tensors()
        for values in (mapped, changed):
            write(values["layer1.weight"])
        assert digest_weights(mapped) == digest_weights(changed) != digest_weights(tensors())

    def test_a_file_that_was_replaced_since_is_not_taken_for_the_mapped_one(self, tmp_path):
        file = written_safetensors(tmp_path / "a.safetensors")
        mapped = map_safetensors(file).tensors
        written_safetensors(tmp_path / "b.safetensors", tensors(1))
        shutil.move(tmp_path / "b.safetensors", file)
        assert digest_weights(mapped) == digest_weights(tensors())
