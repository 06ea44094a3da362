"""What a bundle says, and what it does not."""

import dataclasses
import shutil

import pytest

from frontrunner.errors import ConfigError, StoreError, UnknownNameError, UnreadableError
from frontrunner.harness.bundle import export_bundle, import_bundle
from frontrunner.harness.bundle.exporting import _without_paths
from frontrunner.harness.records import attempt
from frontrunner.harness.records.finished_cell import EXAMPLE_ERRORS
from frontrunner.harness.records.store import Store

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


class TestExport:
    def test_a_bundle_says_nothing_of_the_machine_and_holds_no_weights(self, everything, tmp_path, members):
        store = Store(everything.store, create=False)
        export_bundle(store, tmp_path / "all.zip")
        found = members(tmp_path / "all.zip")
        kept = {name.partition("/")[2] for name in found} - {"cell.json", "curve.json", EXAMPLE_ERRORS, ""}
        assert all(name.endswith(".parquet") for name in kept)
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

    @pytest.mark.parametrize("damage", [None, b"", b"[1]"])
    @pytest.mark.parametrize("file", ["front.parquet", "curve.json", "cell.json", "coefficients.parquet"])
    def test_a_damaged_cell_is_left_out_and_said(self, shared, empty, tmp_path, content, command, file, damage):
        import_bundle(empty, shared.file)
        damaged = next(one for one in empty.attempts() if file in one.digests)
        if damage is None:
            (damaged.folder / file).unlink()
        else:
            (damaged.folder / file).write_bytes(damage)
        ended = command.within("leaderboard", "export", tmp_path / "a.zip", "--store", empty.folder)
        assert ended.status == 1
        assert ended.err.count("\n") == 1
        assert f"run {damaged.run_id[:8]} ({damaged.cell.title})" in ended.err
        assert str(damaged.folder / file) in ended.err
        assert "3 finished and 2 unfinished cells" in ended.out
        about, members = content(tmp_path / "a.zip")
        assert len(about["cells"]) == 5
        assert damaged.cell.key not in [entry["key"] for entry in about["cells"]]
        assert [name for name in members if damaged.cell.key in name] == []

    def test_a_cell_that_cannot_be_read_now_is_neither_left_out_nor_shared(self, shared, tmp_path, monkeypatch):
        def refuse(*_):
            raise OSError(24, "Too many open files")

        monkeypatch.setattr(attempt, "digest_files", refuse)
        with pytest.raises(UnreadableError, match="Too many open files"):
            export_bundle(shared.store, tmp_path / "a.zip")
        assert list(tmp_path.iterdir()) == []

    def test_damaged_results_alone_are_no_bundle(self, store, record, make_cell, tmp_path):
        record(store, make_cell(), [[0.0, 1.0], [1.0, 0.0]])
        for curve in store.folder.rglob("curve.json"):
            curve.unlink()
        with pytest.raises(StoreError, match=r"nothing to share but damaged results: run \w+ \(.*curve\.json"):
            export_bundle(store, tmp_path / "a.zip")
        assert list(tmp_path.glob("*.zip*")) == []

    def test_a_cell_whose_weights_are_gone_is_shared_all_the_same(self, everything, tmp_path, content):
        folder = shutil.copytree(everything.store, tmp_path / "store")
        for state in folder.rglob("state.safetensors"):
            state.unlink()
        assert export_bundle(Store(folder, create=False), tmp_path / "a.zip").finished == 7
        export_bundle(Store(everything.store, create=False), tmp_path / "b.zip")
        assert content(tmp_path / "a.zip") == content(tmp_path / "b.zip")
