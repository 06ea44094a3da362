"""One learner of a bench is one learner on every board, also where a budget gives it other steps on each."""

import dataclasses

import pytest

from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.board.learner_names import joined_keys, labels
from frontrunner.harness.board.overall_ranking import overall_ranking
from frontrunner.harness.cells.bench_file import BenchSpec

SUITES = ["zdt1", {"name": "zdt2", "points_per_edge": 5}, {"name": "zdt3", "points_per_edge": 7}]
FRONT = [[0.2, 0.6], [0.6, 0.2]]


@pytest.fixture
def filled(store, record):
    """(bench) -> boards of its cells, each with a made-up front; the learners in turn, the first best."""

    def fill(**spec):
        spec = {"name": "b", "suites": SUITES, "seeds": [0, 1, 2], **spec}
        for i, cell in enumerate(BenchSpec.model_validate(spec).cells()):
            record(store, cell, [[x + i / 100, y + i / 100] for x, y in FRONT])
        return leaderboards(store)

    return fill


def test_a_budget_in_all_makes_no_copies_of_a_learner(filled):
    boards = filled(learners=["cosmos", "ls", "stch"], budgets={"total_steps": [700]})
    assert len({row.key for board in boards for row in board.rows}) == 7  # ls and stch have other steps on each
    found = overall_ranking(boards)
    assert found.ranking.names == ("cosmos", "ls", "stch")
    assert found.left_out == ()
    assert sorted(set(labels(boards).values())) == ["cosmos", "ls", "stch"]


@pytest.mark.parametrize("where", [0, 2])
def test_a_board_of_too_few_seeds_counts_for_nothing_wherever_it_stands(filled, where):
    boards = filled(learners=["cosmos", "ls", "stch"], budgets={"total_steps": [700]})
    few = dataclasses.replace(boards[where], seeds=(0, 1))
    found = overall_ranking([few if board is boards[where] else board for board in boards])
    assert found.ranking.names == ("cosmos", "ls", "stch")
    assert found.boards == tuple(board.name for board in boards if board is not boards[where])


def test_several_budgets_in_all_are_as_many_learners(filled):
    boards = filled(learners=["ls"], budgets={"total_steps": [700, 1400]})
    assert set(overall_ranking(boards).ranking.names) == {"ls (700 steps in all)", "ls (1,400 steps in all)"}


def test_steps_that_a_user_gives_are_two_learners(filled):
    filled(learners=[{"method": "ls", "options": {"steps": 10}}])
    boards = filled(learners=[{"method": "ls", "options": {"steps": 20}}])
    assert set(labels(boards).values()) == {"ls (steps=10)", "ls (steps=20)"}


def test_two_rows_of_one_board_are_never_joined(filled):
    filled(learners=[{"method": "ls", "label": "mine"}], budgets={"total_steps": [700]})
    boards = filled(learners=[{"method": "ls", "label": "mine"}], budgets={"total_steps": [1400]})
    keys = joined_keys(boards)
    assert all(len({keys[row.key] for row in board.rows}) == 2 for board in boards)
    assert len(set(labels(boards).values())) == len(set(keys.values())) == 6


def test_learners_that_differ_in_another_option_are_never_joined(make_board, make_row):
    boards = [
        make_board(dataclasses.replace(make_row("a"), key=key, key_without_steps=without), name=key)
        for key, without in [("k1", "x"), ("k2", "y"), ("k3", ""), ("k4", "")]
    ]
    assert joined_keys(boards) == {key: key for key in ("k1", "k2", "k3", "k4")}
