"""Files that are cut off, flipped or too large are refused before anything of them is used."""

import tracemalloc
import zipfile
from unittest.mock import Mock

import numpy as np
import pytest

from frontrunner.errors import StoreError
from frontrunner.harness.bundle import archive, import_bundle, read_bundle
from frontrunner.harness.records import table_limits

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


def noise(n_bytes):
    """Bytes that do not compress, so that the file is not refused for its ratio."""
    return np.random.default_rng(0).bytes(n_bytes)


KEY = "0123456789abcdef"
SMALL_AND_LARGE = {
    "zeros": ({"bundle.json": lambda: b"0" * 10**8}, "may have 64,000,000 bytes|times its size"),
    "lists in lists": (
        {"bundle.json": lambda: b"[" * 10**5, f"{KEY}/a": lambda: noise(1000)},
        "lists and objects inside",
    ),
    "deep options": (
        {
            "bundle.json": lambda: b'{"cells": ' + b'{"a":' * 10**4 + b"1" + b"}" * 10**4 + b"}",
            "x": lambda: noise(1000),
        },
        "may hold 32 lists and objects inside each other at most, found 10,00",
    ),
    "many lists": (
        {"bundle.json": lambda: b"[" + b"[]," * 5_000_000 + b"[]]", f"{KEY}/a": lambda: noise(200_000)},
        "may hold 4,000,000 values at most",
    ),
    "many digits": ({"bundle.json": lambda: b'{"version": ' + b"9" * 10**4 + b"}"}, "numbers of 400 digits at most"),
    "a large manifest": (
        {"bundle.json": lambda: b"{}", f"{KEY}/cell.json": lambda: b" " * 10**6 + b"x", "x": lambda: noise(20_000)},
        r"cell.json' may have 1,000,000 bytes at most, found 1,000,001",
    ),
    "a path": (
        {"bundle.json": lambda: b'{"format": "frontrunner bundle", "version": 2}', "../../x": lambda: b"x"},
        "no part of a bundle",
    ),
}


class TestDamagedFiles:
    @pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
    def test_a_bundle_that_is_cut_off(self, shared, untouched, tmp_path, share):
        whole = shared.file.read_bytes()
        (tmp_path / "cut.zip").write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(StoreError, match="damaged"):
            import_bundle(untouched, tmp_path / "cut.zip")

    @pytest.mark.parametrize("version", [1, 2])
    def test_every_flipped_byte_is_noticed_or_harmless(self, shared, first_release, tmp_path, content, version):
        source = shared.file if version == 2 else first_release.bundle
        whole, expected = source.read_bytes(), content(source)
        refused = 0
        for place in np.random.default_rng(0).integers(len(whole), size=60):
            damaged = bytearray(whole)
            damaged[place] ^= 0x10
            (tmp_path / "flipped.zip").write_bytes(damaged)
            try:
                read_bundle(tmp_path / "flipped.zip")
            except StoreError:
                refused += 1
            else:
                assert content(tmp_path / "flipped.zip") == expected  # a date, say
        assert refused > 30

    def test_a_file_that_is_not_there(self, untouched, tmp_path):
        with pytest.raises(StoreError, match="No such file"):
            import_bundle(untouched, tmp_path / "none.zip")

    def test_what_unpacks_to_too_much_is_not_unpacked(self, shared, untouched, monkeypatch):
        monkeypatch.setattr(archive, "MAX_BYTES", 1000)
        monkeypatch.setattr(zipfile.ZipFile, "read", Mock(side_effect=AssertionError("it was unpacked")))
        with pytest.raises(StoreError, match="unpacks to more"):
            import_bundle(untouched, shared.file)

    @pytest.mark.parametrize(
        "limit", ["MAX_VALUES", "MAX_COLUMNS", "MAX_BYTES", "MAX_UNPACKED_BYTES", "MAX_TEXT_BYTES"]
    )
    def test_a_table_that_grows_too_much_is_not_read(self, shared, untouched, monkeypatch, limit):
        monkeypatch.setattr(table_limits, limit, -1)
        with pytest.raises(StoreError, match=r"may (have|hold|unpack to) .*-1 .* at most"):
            import_bundle(untouched, shared.file)

    @pytest.mark.parametrize(
        ("limit", "value", "why"),
        [
            ("MAX_MEMBERS", 3, "may hold 3 files at most"),
            ("MAX_DIRECTORY_BYTES", 100, "its directory may have 100 bytes at most"),
            ("MAX_RATIO", 1, "times its size, 1 times are the most"),
        ],
    )
    def test_what_the_directory_says_is_looked_at_before_a_member_is(
        self, shared, untouched, monkeypatch, limit, value, why
    ):
        monkeypatch.setattr(archive, limit, value)
        monkeypatch.setattr(zipfile.ZipFile, "open", Mock(side_effect=AssertionError("it was unpacked")))
        with pytest.raises(StoreError, match=why):
            import_bundle(untouched, shared.file)

    @pytest.mark.parametrize("case", SMALL_AND_LARGE)
    def test_a_small_file_that_is_large_inside_costs_little_memory(self, untouched, tmp_path, case):
        members, why = SMALL_AND_LARGE[case]
        file = tmp_path / "bomb.zip"
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
            for name, content in members.items():
                made.writestr(name, content())
        size = file.stat().st_size
        tracemalloc.start()
        try:
            with pytest.raises(StoreError, match=why) as caught:
                import_bundle(untouched, file)
            assert tracemalloc.get_traced_memory()[1] < 30e6 + 5 * size
        finally:
            tracemalloc.stop()
        assert len(str(caught.value)) < 1000

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            (lambda found, at: found.__setitem__(slice(at + 8, at + 10), b"\x01\x00"), "is encrypted"),
            (lambda found, at: found.__setitem__(slice(at + 10, at + 12), b"\x0c\x00"), "compressed in another way"),
            (lambda found, at: found.__setitem__(slice(at + 24, at + 28), b"\x01\x00\x00\x00"), "Bad CRC|damaged"),
            (lambda found, at: found.__setitem__(slice(at + 20, at + 24), b"\xff\xff\xff\x0f"), "its files overlap"),
        ],
    )
    def test_a_directory_that_says_what_is_not(self, shared, untouched, tmp_path, change, why):
        """The fields of a central directory entry: flags at 8, method at 10, sizes at 20 and 24."""
        found = bytearray(shared.file.read_bytes())
        change(found, found.index(b"PK\x01\x02"))
        (tmp_path / "lies.zip").write_bytes(found)
        with pytest.raises(StoreError, match=why):
            import_bundle(untouched, tmp_path / "lies.zip")

    def test_two_members_of_one_name(self, shared, untouched, tmp_path, members):
        found = members(shared.file)
        with zipfile.ZipFile(tmp_path / "two.zip", "w") as made:
            for name, content in found.items():
                made.writestr(name, content)
            with pytest.warns(UserWarning, match="Duplicate"):
                made.writestr("bundle.json", found["bundle.json"])
        with pytest.raises(StoreError, match="two files of one name"):
            import_bundle(untouched, tmp_path / "two.zip")
