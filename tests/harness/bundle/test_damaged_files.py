"""Files that are cut off, flipped or too large are refused before anything of them is used."""

import zipfile
from unittest.mock import Mock

import numpy as np
import pytest

from frontrunner.errors import StoreError
from frontrunner.harness.bundle import archive, import_bundle, read_bundle

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


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

    @pytest.mark.parametrize(("limit", "value"), [("MAX_VALUES", 5), ("MAX_LETTERS", -1)])
    def test_a_table_that_grows_too_much_is_not_read(self, shared, untouched, monkeypatch, limit, value):
        monkeypatch.setattr(archive, limit, value)
        with pytest.raises(StoreError, match=r"is no (table|column) of a bundle"):
            import_bundle(untouched, shared.file)

    def test_two_members_of_one_name(self, shared, untouched, tmp_path, members):
        found = members(shared.file)
        with zipfile.ZipFile(tmp_path / "two.zip", "w") as made:
            for name, content in found.items():
                made.writestr(name, content)
            with pytest.warns(UserWarning, match="Duplicate"):
                made.writestr("bundle.json", found["bundle.json"])
        with pytest.raises(StoreError, match="two files of one name"):
            import_bundle(untouched, tmp_path / "two.zip")
