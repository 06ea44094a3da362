"""Bundles of version 0.1.0 are read to the last bit, and believed no more than those of today."""

import dataclasses
import json

import numpy as np
import pytest
from older_boards import comparable, kept_of

from frontrunner.harness.bundle import export_bundle, import_bundle, read_bundle
from frontrunner.harness.records.evaluation import Evaluation
from frontrunner.harness.records.store import Store

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


def without_runs(boards):
    for board in boards:
        for row in board["rows"]:
            row.pop("run_ids", None)
    return boards


class TestFirstVersion:
    def test_it_imports_to_the_board_it_was_made_from(self, first_release, empty, boards):
        summary = import_bundle(empty, first_release.bundle)
        assert (summary.finished, summary.unfinished, summary.already) == (9, 3, 0)
        expected = without_runs(comparable(json.loads(first_release.board.read_text())))
        assert kept_of(boards(empty), expected) == expected
        assert {row["label"]: row["unfinished"] for row in boards(empty)[0]["rows"]}["regmean"].keys() == {
            "0",
            "1",
            "2",
        }

    def test_a_second_import_changes_nothing(self, first_release, empty, recorded):
        import_bundle(empty, first_release.bundle)
        before = recorded(empty)
        assert import_bundle(empty, first_release.bundle).already == 12
        assert recorded(empty) == before

    def test_its_cells_are_those_of_the_store_it_was_made_from(self, first_release, tmp_path):
        store = Store(first_release.unpack(tmp_path), create=False)
        own = {attempt.cell.key: attempt for attempt in store.attempts()}
        cells = read_bundle(first_release.bundle).cells
        assert {shared.key for shared in cells} == set(own)
        for shared in cells:
            assert (shared.status, shared.reason) == (own[shared.key].status, own[shared.key].reason)
            if shared.finished is None:
                continue
            ours, theirs = own[shared.key].finished(), shared.finished
            assert (theirs.costs, theirs.resolved, theirs.curve) == (ours.costs, ours.resolved, ours.curve)
            assert theirs.state is None
            _assert_equal(theirs.front, ours.front)
            assert (theirs.coefficients is None) == (ours.coefficients is None)
            if ours.coefficients is not None:
                _assert_equal(theirs.coefficients, ours.coefficients)

    def test_a_bundle_of_today_made_of_the_old_store_imports_to_the_same_board(
        self, first_release, empty, tmp_path, boards, content
    ):
        old = Store(first_release.unpack(tmp_path / "old"), create=False)
        assert export_bundle(old, tmp_path / "new.zip").finished == 9
        assert content(tmp_path / "new.zip")[0]["version"] == 2
        import_bundle(empty, tmp_path / "new.zip")
        assert boards(empty) == boards(old)
        assert import_bundle(empty, first_release.bundle).already == 12  # they say the same of every cell
        export_bundle(empty, tmp_path / "again.zip")
        assert content(tmp_path / "again.zip") == content(tmp_path / "new.zip")
        finished = [attempt for attempt in empty.attempts() if attempt.status == "finished"]
        assert all((attempt.folder / "cell.json").exists() for attempt in finished)  # in today's layout


def _assert_equal(one, other):
    """Two dataclasses with arrays in them."""
    for part in dataclasses.fields(one):
        ours, theirs = getattr(one, part.name), getattr(other, part.name)
        if isinstance(ours, np.ndarray):
            assert np.array_equal(ours, theirs, equal_nan=True), part.name
        elif isinstance(ours, Evaluation):
            _assert_equal(ours, theirs)
        else:
            assert ours == theirs, part.name
