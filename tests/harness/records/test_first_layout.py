"""A store that version 0.1.0 has left behind is read to the last digit."""

import json
from pathlib import Path
from unittest.mock import Mock
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np
import pytest
from older_boards import comparable, kept_of

from frontrunner.errors import StoreError
from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.board.raw_boards import as_json
from frontrunner.harness.cells.bench_file import read_bench
from frontrunner.harness.records.finished_cell import FinishedCell
from frontrunner.harness.records.first_layout import read_recorded
from frontrunner.harness.records.store import Store
from frontrunner.harness.reports.publish import run_and_publish_bench
from frontrunner.harness.running.executors.local import LocalExecutor
from frontrunner.metrics import simplex_grid

MADE_IN = "file:///tmp/frontrunner-store"


@pytest.fixture(scope="module")
def kept(first_release, tmp_path_factory):
    """The store, in another place than it was made in; tests only read it."""
    return Store(first_release.unpack(tmp_path_factory.mktemp("kept") / "store"), create=False)


@pytest.fixture(scope="module")
def finished(kept):
    """(attempt, all that was recorded) of every finished cell."""
    found = [attempt for attempt in kept.attempts() if attempt.status == "finished"]
    assert len(found) == 9
    return [(attempt, attempt.finished()) for attempt in found]


def test_the_leaderboard_is_the_same_to_the_last_digit(kept, first_release):
    found, expected = json.loads(as_json(leaderboards(kept))), comparable(json.loads(first_release.board.read_text()))
    assert kept_of(found, expected) == expected
    assert len([run for row in found[0]["rows"] for run in row["run_ids"]]) == 9


def test_scores_are_those_that_it_published(kept, finished):
    (board,) = leaderboards(kept)
    scored = {result.attempt.run_id: result.scores for row in board.rows for result in row.results.values()}
    for attempt, _ in finished:
        assert {"hypervolume", "igd", "igd_plus"} < set(scored[attempt.run_id])
        for name in scored[attempt.run_id].keys() - {"alignment", "compromise_share", "distinct_answers"}:
            assert scored[attempt.run_id][name] == attempt.metrics[name], name


CHANGED = {"regmean"}
"""Methods that have had a new version since, so that their cells run again."""


def test_cells_have_the_keys_that_they_have_today(kept, first_release):
    cells = read_bench(first_release.bench).cells()
    assert len(cells) == 12
    recorded = {attempt.cell.key: attempt.cell.method for attempt in kept.attempts()}
    of_today = {cell.key: cell.method for cell in cells}
    assert {method for _, method in recorded.items() ^ of_today.items()} == CHANGED
    assert {attempt.cell.key for attempt in kept.attempts()} == {cell.key for cell in kept.expected_cells()}


def test_finished_cells_are_read_whole(finished):
    for attempt, cell in finished:
        assert cell.cell == attempt.cell
        assert cell.environment["frontrunner"] == "0.1.0"
        assert {name: attempt.metrics[name] for name in cell.costs} == dict(cell.costs)
        assert {"wall_time_s", "peak_rss_bytes", "front_points"} <= set(cell.costs)
        assert cell.costs["front_points"] == len(cell.front.evaluation.labels)
        assert cell.front.pareto_front is not None
        assert np.array_equal(cell.front.expert_errors, [0.0, 0.0])
        assert np.array_equal(cell.front.pretrained_errors, [1.0, 1.0])
        assert (cell.state is not None) == (cell.costs["trainable_parameters"] > 0)
        if cell.cell.method == "pwe-moe-ls":
            assert cell.cell.options["steps"] == cell.resolved["steps"] == 40


def test_curves_are_read(kept, finished):
    for attempt, cell in finished:
        assert attempt.quality_over_time() != []
        trained = cell.cell.method == "pwe-moe-ls"
        assert any("loss" in point for point in cell.curve) == trained
        drawn = {f"train_{name}" for point in cell.curve for name in point if name != "step"}
        assert drawn <= set(attempt.metrics)


def test_coefficients_are_read(finished):
    merged = [(attempt, cell) for attempt, cell in finished if cell.coefficients is not None]
    assert {cell.cell.method for _, cell in merged} == {"interpolation", "pwe-moe-ls"}
    for attempt, cell in merged:
        assert cell.coefficients.tasks == attempt.cell.tasks
        assert np.array_equal(cell.coefficients.preferences, simplex_grid(2, 5))
        assert np.array_equal(attempt.coefficients().coefficients, cell.coefficients.coefficients)
        if cell.cell.method == "interpolation":  # its preference is how it weighs the experts
            assert np.array_equal(cell.coefficients.coefficients[:, 0], cell.coefficients.preferences)


def test_what_is_read_is_written_in_the_layout_of_today(finished, tmp_path):
    for i, (_, cell) in enumerate(finished):
        folder = tmp_path / str(i)
        folder.mkdir()
        cell.write(folder)
        again = FinishedCell.read(folder)
        assert (folder / "cell.json").exists()
        assert (again.cell, again.costs, again.resolved) == (cell.cell, cell.costs, cell.resolved)
        assert np.array_equal(again.front.pareto_front, cell.front.pareto_front)
        assert np.array_equal(again.front.evaluation.error, cell.front.evaluation.error)
        assert (again.state is None) == (cell.state is None)


def test_a_damaged_file_is_noticed(first_release, tmp_path):
    store = Store(first_release.unpack(tmp_path), create=False)
    trained = next(attempt for attempt in store.attempts() if "state.safetensors" in attempt.digests)
    (trained.folder / "routing.parquet").write_bytes(b"")
    with pytest.raises(StoreError, match=r"routing\.parquet is damaged"):
        trained.finished()
    (trained.folder / "metrics.json").write_text("[")
    with pytest.raises(StoreError, match="is damaged"):
        read_recorded(trained.folder)


def test_the_command_line_shows_its_fronts(kept, command):
    trained = next(attempt for attempt in kept.attempts() if attempt.cell.method == "pwe-moe-ls")
    ended = command.within("front", trained.run_id[:8], "--store", kept.folder)
    assert ended.status == 0, ended.err
    assert "routed" in ended.out
    best = f"{trained.record().evaluation.error[0, 0]:.4f}"
    assert best in ended.out


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_bench_over_its_cells_runs_what_has_a_new_version(first_release, tmp_path, in_process):
    folder = first_release.unpack(tmp_path / "store")
    store = Store(folder, create=True)
    assert store.mended_from == Path(url2pathname(urlsplit(MADE_IN).path))
    assert store.moved_from() is None
    before = {attempt.run_id for attempt in store.attempts()}
    bench = read_bench(first_release.bench)
    result = run_and_publish_bench(bench, store, executor=LocalExecutor(["cpu"]), plugins=[], listener=Mock())
    assert len(result.settled) == 12
    assert {one.cell.method for one in result.settled if one.ran} == CHANGED
    assert {method for method, _ in in_process} == CHANGED
    assert before < {attempt.run_id for attempt in store.attempts()}
    assert {one.ending.status for one in result.settled} == {"finished", "unsupported"}
