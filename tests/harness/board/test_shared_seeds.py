"""Rows are compared on the seeds that most of them share; a row that averages others says so and has no rank."""

import csv
import io
import itertools
import json

import numpy as np
import pytest

from frontrunner.harness.board.latex import as_latex
from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.board.overall_ranking import overall_ranking
from frontrunner.harness.board.raw_boards import as_csv, as_json
from frontrunner.harness.board.rendering import as_markdown
from frontrunner.harness.board.shared_seeds import shared_seeds

CURVE = np.array([[0.1, 0.6], [0.3, 0.3], [0.6, 0.1]])


@pytest.mark.parametrize(
    ("rows", "shared"),
    [
        ([], []),
        ([[], []], []),
        ([[3], []], [3]),
        ([[0, 1, 2], [0, 1, 2], [0]], [0, 1, 2]),
        ([[0, 1, 2], [0, 1, 2], [0], [0]], [0, 1, 2]),  # one seed ranks nothing
        ([[0, 1, 2], [0, 1, 2], [0, 1], [0, 1], []], [0, 1, 2]),
        ([[0, 1, 2], [0, 1], [0, 1]], [0, 1]),  # in the midst of the third seed
        ([[0, 1, 2], [0, 1, 2], *[[0, 1]] * 9], [0, 1]),
        ([[0, 1, 2], [3, 4, 5], [6], [6]], [6]),
        ([[0, 1, 2], [3], [4]], [0, 1, 2]),
        ([[0, 1, 2, 3], [0, 1, 2], [0, 1, 2]], [0, 1, 2]),
        ([[0], [0, 1, 2]], [0, 1, 2]),
        ([[2, 3], [1, 0]], [0, 1]),
        ([{0: "a", 1: "b"}, [1, 0]], [0, 1]),
    ],
)
def test_the_seeds_of_most_rows_are_shared(rows, shared):
    assert shared_seeds(rows) == frozenset(shared)


@pytest.fixture
def mixed(store, make_cell, record):
    """Two learners of three seeds; "lucky" has finished its easiest seed alone, "late" has other seeds."""
    for seed in (0, 1, 2):
        record(store, make_cell("good", seed), CURVE + seed / 10)
        record(store, make_cell("poor", seed), CURVE + 0.05 + seed / 10)
        record(store, make_cell("late", seed + 7), CURVE + 0.3)
    record(store, make_cell("lucky", 0), CURVE + 0.01)
    record(store, make_cell("broken", 0), None, status="failed", reason="no luck")
    return store


def test_a_row_of_other_seeds_has_no_rank_and_comes_after_those_that_have(mixed):
    (board,) = leaderboards(mixed)
    found = [(rank, row.label) for rank, row in zip(board.ranks, board.rows, strict=True)]
    assert found == [(1, "good"), (2, "poor"), (None, "lucky"), (None, "late"), (None, "broken")]
    assert board.seeds == (0, 1, 2)
    assert board.rows[2].metrics["hypervolume"] > board.rows[0].metrics["hypervolume"]  # of its easiest seed alone


def test_every_text_says_which_rows_average_other_seeds(mixed):
    (board,) = boards = leaderboards(mixed)
    text = as_markdown(boards)
    places = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("|")][2:]
    assert places == ["1", "2", "–", "–", "–"]
    assert "Rows that average other seeds than seeds 0, 1, 2 come after the others, without a rank." in text
    assert "- lucky: has seed 0, and others are compared on seeds 0, 1, 2" in text
    assert "- late: has seeds 7, 8, 9, and others are compared on seeds 0, 1, 2" in text
    assert "- good" not in text
    lines = list(csv.DictReader(io.StringIO(as_csv(boards))))
    assert [(line["learner"], line["rank"]) for line in lines][:3] == [("good", "1"), ("poor", "2"), ("lucky", "")]
    (found,) = json.loads(as_json(boards))
    assert found["seeds"] == [0, 1, 2]
    assert [row["rank"] for row in found["rows"]] == board.ranks


def test_no_row_is_tied_with_one_of_other_seeds(mixed):
    (board,) = leaderboards(mixed)
    assert not any(row.tied_with_best for row in board.rows[2:])


@pytest.mark.parametrize("n_seeds", [1, 2])
def test_fewer_than_three_seeds_rank_nothing(n_seeds, store, make_cell, record):
    suites = ("made-up", "another")
    for suite, seed in itertools.product(suites, range(n_seeds)):
        record(store, make_cell("poor", seed, suite=suite), CURVE + 0.1)
        record(store, make_cell("good", seed, suite=suite), CURVE)
    boards = leaderboards(store)
    text = as_markdown(boards)
    seeds = ("seed 0", "seeds 0, 1")[n_seeds - 1]
    assert f"Ordered by mean HV over {seeds}, without ranks: fewer than 3 seeds rank nothing." in text
    assert [row.label for row in boards[0].rows] == ["good", "poor"]
    assert boards[0].ranks == [None, None]
    assert [line["rank"] for line in csv.DictReader(io.StringIO(as_csv(boards)))] == [""] * 4
    assert [row["rank"] for board in json.loads(as_json(boards)) for row in board["rows"]] == [None] * 4
    assert r"\textbf" not in as_latex(boards)
    assert overall_ranking(boards) is None
    for suite, label, seed in itertools.product(suites, ("good", "poor"), (1, 2)):
        record(store, make_cell(label, seed, suite=suite), CURVE + (label == "poor") / 10)
    boards = leaderboards(store)
    assert "rank nothing" not in as_markdown(boards)
    assert boards[0].ranks == [1, 2]
    assert r"\textbf" in as_latex(boards)
    assert overall_ranking(boards).ranking.names == ("good", "poor")


def test_a_learner_of_other_seeds_is_left_out_of_average_ranks(make_board, make_row):
    def board(name, **volumes):
        return make_board(*(make_row(label, hypervolume=value) for label, value in volumes.items()), name=name)

    found = overall_ranking(
        [
            board("x", a=[0.5, 0.5, 0.5], b=[0.4, 0.4, 0.4], c=[0.9]),
            board("y", a=[0.5, 0.5, 0.5], b=[0.4, 0.4, 0.4], c=[0.9, 0.9, 0.9]),
        ]
    )
    assert found.ranking.names == ("a", "b")
    assert found.left_out == ("c",)
