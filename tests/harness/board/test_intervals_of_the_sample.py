"""Intervals of hypervolume hold the noise of the test sample where errors by example are known, and boards say so."""

import json
import sqlite3

import numpy as np
import pytest

from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.board.raw_boards import as_csv, as_json
from frontrunner.harness.board.rendering import as_markdown
from frontrunner.harness.board.seed_statistics import sample_noise
from frontrunner.harness.records.finished_cell import EXAMPLE_ERRORS
from frontrunner.harness.scoring import resampled_examples
from frontrunner.harness.scoring.scored_cells import load_groups
from frontrunner.metrics.sample_noise import RESAMPLES, resampled_hypervolumes
from frontrunner.metrics.statistics import mean_interval, widened

ERRORS = np.array([[0.1, 0.6], [0.3, 0.3], [0.6, 0.1]])
HOW_HARD = np.random.default_rng(0).permutation(200) / 200
"""Of the examples, the same for every learner and seed."""


def wrong(errors):
    """Each member is wrong on the hardest examples."""
    return [[error > HOW_HARD for error in row] for row in errors]


@pytest.fixture
def measured(store, make_cell, record):
    """Two learners of three seeds whose examples are known, and one of older runs; seeds differ a little."""
    for seed in (0, 1, 2):
        record(store, make_cell("good", seed), None, wrong=wrong(ERRORS + seed / 100))
        record(store, make_cell("close", seed), None, wrong=wrong(np.add(ERRORS, [0.01, 0.0]) + seed / 100))
        record(store, make_cell("older", seed), ERRORS + 0.1 + seed / 100)
    return store


def rows(store, **keys):
    (board,) = leaderboards(store, **keys)
    return {row.label: row for row in board.rows}


def test_the_noise_of_the_shared_sample_is_added_to_that_of_seeds(measured):
    found = rows(measured)
    for label in ("good", "older"):
        row = found[label]
        of_seeds = mean_interval(list(row.values("hypervolume").values()))
        if label == "older":
            assert row.intervals["hypervolume"] == of_seeds
            continue
        volumes = []
        for result in row.results.values():
            by_example = result.attempt.example_errors()
            volumes.append(resampled_hypervolumes([by_example.wrong(t) for t in range(2)], [1, 1]))
        noise = np.mean(volumes, axis=0).std(ddof=1)
        assert noise > 0.01  # that of one seed alone: all are evaluated on the same examples
        assert noise == pytest.approx(volumes[0].std(ddof=1), rel=0.1)
        interval = row.intervals["hypervolume"]
        assert (interval.low, interval.high) == pytest.approx(
            (widened(of_seeds, noise).low, widened(of_seeds, noise).high), abs=1e-6
        )
        assert interval.high - interval.low > of_seeds.high - of_seeds.low + 0.01
        assert row.intervals["alignment"] == mean_interval(list(row.values("alignment").values()))


def test_learners_are_compared_on_the_same_samples(measured):
    found = rows(measured, baseline="good")
    alone, paired = (
        sample_noise(found["close"].results),
        sample_noise(found["close"].results, found["good"].results),
    )
    assert 0 < paired < alone / 2
    difference = found["close"].against_baseline["hypervolume"]
    assert (difference.high - difference.low) / 2 >= 1.9 * paired
    assert sample_noise(found["older"].results, found["good"].results) is None


def test_what_the_seeds_agree_on_may_be_the_samples_doing(store, make_cell, record):
    for seed in (0, 1, 2):
        record(store, make_cell("good", seed), None, wrong=wrong(ERRORS))
        record(store, make_cell("close", seed), None, wrong=wrong(np.add(ERRORS, [0.005, 0.0])))
        record(store, make_cell("far", seed), None, wrong=wrong(ERRORS + 0.2))
    found = rows(store)
    assert [found[label].tied_with_best for label in ("good", "close", "far")] == [False, True, False]
    volumes = [found[label].metrics["hypervolume"] for label in ("good", "close")]
    assert volumes[0] > volumes[1]  # in every seed, all of which are equal


def test_the_caption_says_what_intervals_hold(measured, store, make_cell, record):
    text = as_markdown(leaderboards(measured))
    assert f"Intervals of HV also hold the noise of the test sample, by {RESAMPLES} resamples of its examples" in text
    assert "but not of older, whose errors by example are not recorded, or cannot be read; all others hold" in text


def test_the_caption_says_what_is_left_out(store, make_cell, record):
    for seed in (0, 1, 2):
        record(store, make_cell("older", seed), ERRORS + seed / 100)
    assert "Intervals hold the noise of seeds only, not that of the test sample" in as_markdown(leaderboards(store))


def test_objectives_in_closed_form_have_no_sample(store, make_cell, record):
    for seed in (0, 1, 2):
        record(store, make_cell("exact", seed), ERRORS + seed / 100, truth=ERRORS)
    assert "test sample" not in as_markdown(leaderboards(store))


def test_nothing_is_resampled_twice_and_a_damaged_cache_changes_nothing(measured, monkeypatch):
    first = {label: row.intervals["hypervolume"] for label, row in rows(measured).items()}
    with sqlite3.connect(measured.folder / "scores.sqlite") as connection:
        assert connection.execute("select count(*) from resampled").fetchone() == (6,)
        connection.execute("update resampled set content = x'00' where rowid = 1")
    connection.close()
    assert {label: row.intervals["hypervolume"] for label, row in rows(measured).items()} == first
    monkeypatch.setattr(resampled_examples, "resampled_hypervolumes", None)
    assert {label: row.intervals["hypervolume"] for label, row in rows(measured).items()} == first


@pytest.mark.parametrize("damage", ["removed", "damaged"])
def test_damaged_errors_by_example_leave_the_noise_of_seeds(damage, measured):
    for group in load_groups(measured):
        for result in group.results:
            if result.attempt.cell.label == "good" and result.attempt.cell.seed == 1:
                file = result.attempt.folder / EXAMPLE_ERRORS
                file.unlink() if damage == "removed" else file.write_bytes(b"no such file")
    (measured.folder / "scores.sqlite").unlink()
    found = rows(measured)
    assert found["good"].intervals["hypervolume"] == mean_interval(list(found["good"].values("hypervolume").values()))
    assert found["close"].holds_sample_noise
    # The board is whole, and names the file in one line.
    assert list(found["good"].unreadable) == [1]
    assert not found["close"].unreadable
    boards = leaderboards(measured)
    (said,) = [line for line in as_markdown(boards).splitlines() if line.startswith("- ") and EXAMPLE_ERRORS in line]
    assert said.startswith("- good, seed 1: ")
    for text in (said, as_csv(boards)):
        assert EXAMPLE_ERRORS in text.replace("\\", "")
        assert "the interval of HV leaves out the noise of the test sample" in text
    ((*told,),) = (board["rows"] for board in json.loads(as_json(boards)))
    assert {row["label"]: list(row["warnings"]) for row in told} == {"good": ["1"], "close": [], "older": []}
    assert str(file) in json.dumps(told)
