"""What a bundle says, and what it does not."""

import dataclasses
import shutil

import pytest

from frontrunner.errors import ConfigError, StoreError, UnknownNameError
from frontrunner.harness.bundle import export_bundle, import_bundle
from frontrunner.harness.bundle.exporting import _without_paths
from frontrunner.harness.records.store import Store

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


class TestExport:
    def test_a_bundle_says_nothing_of_the_machine_and_holds_no_weights(self, everything, tmp_path, members):
        store = Store(everything.store, create=False)
        export_bundle(store, tmp_path / "all.zip")
        found = members(tmp_path / "all.zip")
        assert [name for name in found if name.endswith((".safetensors", ".log", ".png", ".html"))] == []
        texts = b"".join(found.values())
        for place in (everything.store, tmp_path, shutil.os.path.expanduser("~")):
            assert str(place).encode() not in texts

    @pytest.mark.parametrize(
        ("reason", "shared_as"),
        [
            ("OSError: /home/ann/data/x.bin is gone", "OSError: …/x.bin is gone"),
            ("OSError: '/home/ann/x'", "OSError: '…/x'"),
            (r"cannot open C:\Users\ann\x.bin", "cannot open …/x.bin"),
            ("~/data/x.bin", "…/x.bin"),
            ("loss is 3/4 of a/b, see https://example.org/a/b", "loss is 3/4 of a/b, see https://example.org/a/b"),
            ("line\nbreak\x1b[31m", "line break"),
        ],
    )
    def test_reasons_keep_only_the_names_of_files(self, reason, shared_as):
        assert _without_paths(reason) == shared_as
        assert _without_paths(shared_as) == shared_as

    def test_what_cannot_be_shared_is_said(self, shared, empty, tmp_path):
        with pytest.raises(StoreError, match="nothing is recorded"):
            export_bundle(empty, tmp_path / "a.zip")
        with pytest.raises(UnknownNameError, match="tiny"):
            export_bundle(shared.store, tmp_path / "a.zip", suite="tinny")
        with pytest.raises(ConfigError, match=r"\.zip"):
            export_bundle(shared.store, tmp_path / "a.tar")
        with pytest.raises(ConfigError, match="cannot be written"):
            export_bundle(shared.store, tmp_path / "nowhere" / "a.zip")
        assert list(tmp_path.glob("*.zip*")) == []
        assert export_bundle(shared.store, tmp_path / "a.zip", suite="tiny").finished == 4

    def test_what_no_bundle_may_hold_is_not_shared(self, shared, tmp_path, monkeypatch):
        cells = [dataclasses.replace(cell, label="\x1b[2J") for cell in shared.store.expected_cells()]
        monkeypatch.setattr(Store, "expected_cells", lambda _: cells)
        with pytest.raises(StoreError, match=r"cannot be shared.*control characters"):
            export_bundle(shared.store, tmp_path / "a.zip")

    @pytest.mark.parametrize("file", ["front.parquet", "curve.json", "cell.json"])
    def test_a_damaged_cell_is_shared_as_a_failure(self, shared, empty, tmp_path, content, file):
        import_bundle(empty, shared.file)
        damaged = next(attempt for attempt in empty.attempts() if attempt.status == "finished")
        (damaged.folder / file).write_bytes(b"")
        assert export_bundle(empty, tmp_path / "a.zip").finished == 3
        about, members = content(tmp_path / "a.zip")
        (entry,) = (entry for entry in about["cells"] if entry["key"] == damaged.cell.key)
        assert entry["status"] == "failed"
        assert "could not be read" in entry["reason"]
        assert [name for name in members if damaged.cell.key in name] == []

    def test_a_cell_whose_weights_are_gone_is_shared_all_the_same(self, everything, tmp_path, content):
        folder = shutil.copytree(everything.store, tmp_path / "store")
        for state in folder.rglob("state.safetensors"):
            state.unlink()
        assert export_bundle(Store(folder, create=False), tmp_path / "a.zip").finished == 7
        export_bundle(Store(everything.store, create=False), tmp_path / "b.zip")
        assert content(tmp_path / "a.zip") == content(tmp_path / "b.zip")
