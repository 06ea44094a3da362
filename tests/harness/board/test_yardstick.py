"""1-nearest-neighbour on raw inputs stands in every table without a rank, and the caption says if no row reaches it."""

import dataclasses
import json

import numpy as np
import pytest

from frontrunner.harness.board.columns import text
from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.board.notes import caption
from frontrunner.harness.board.yardstick import NEIGHBOUR, Yardstick, yardstick
from frontrunner.harness.records.front_record import FrontRecord
from frontrunner.tasks.nearest_neighbour import nearest_neighbour_errors
from frontrunner.testing import tiny_problem


@pytest.fixture
def ran(run_bench, tmp_path):
    return run_bench(tmp_path, ["pretrained", "experts"])


def test_it_is_recorded_with_each_front_and_shown_below_the_rows(ran):
    store, outcomes = ran
    expected = nearest_neighbour_errors(tiny_problem(), "test")
    for outcome in outcomes:
        assert store.find(outcome.run_id).record().neighbour_errors.tolist() == expected.tolist()
    (board,) = leaderboards(store)
    assert board.neighbour.errors == pytest.approx(expected)
    assert board.neighbour.hypervolume == pytest.approx(np.prod(1 - expected))
    assert len(board.ranks) == len(board.rows) == 2
    heading, *lines = text(board)
    assert [line[1] for line in lines][2:] == [NEIGHBOUR]
    assert {len(line) for line in lines} == {len(heading)}


def test_the_caption_says_whether_any_row_reaches_it(ran):
    (board,) = leaderboards(ran[0])
    best = board.rows[0].metrics["hypervolume"]
    for volume, said in ((best, False), (best + 1e-3, True)):
        held = dataclasses.replace(board, neighbour=Yardstick((0.1,) * 3, volume))
        assert ("no row's HV reaches it" in caption(held, [])) is said
    unknown = dataclasses.replace(board, neighbour=None)
    assert NEIGHBOUR not in caption(unknown, [])
    assert len(text(unknown)) == 3


def test_only_seeds_that_ranks_are_over_count():
    errors = {0: (0.5, 0.5), 1: (0.25, 0.5), 7: (0.0, 0.0)}
    found = yardstick(errors, [0, 1, 2], [1.0, 1.0])
    assert found.errors == (0.375, 0.5)
    assert found.hypervolume == pytest.approx((0.25 + 0.375) / 2)
    assert yardstick({7: (0.0, 0.0)}, [0], [1.0, 1.0]) is None


def test_a_front_recorded_before_has_none(ran, tmp_path):
    import pyarrow.parquet as pq

    from frontrunner.harness.records.front_record import METADATA_KEY

    store, (outcome, _) = ran
    table = pq.read_table(store.find(outcome.run_id).folder / "front.parquet")
    about = json.loads(table.schema.metadata[METADATA_KEY])
    del about["neighbour_errors"]
    pq.write_table(table.replace_schema_metadata({METADATA_KEY: json.dumps(about)}), tmp_path / "old.parquet")
    assert FrontRecord.read(tmp_path / "old.parquet").neighbour_errors is None
