"""What several seeds and several boards say: intervals, ties, differences to a baseline, average ranks."""

import csv
import dataclasses
import io
import json

import numpy as np
import pytest
from rich.console import Console

import frontrunner as fr
from frontrunner.harness.board.latex import as_latex
from frontrunner.harness.board.leaderboard import leaderboards
from frontrunner.harness.board.learner_names import labels
from frontrunner.harness.board.notes import ranking_caption
from frontrunner.harness.board.overall_ranking import overall_ranking
from frontrunner.harness.board.rendering import as_markdown, as_table, ranking_table
from frontrunner.harness.scoring.measures import MEASURES
from frontrunner.metrics.ranking import critical_difference
from frontrunner.metrics.statistics import mean_interval

CURVE = np.array([[0.1, 0.6], [0.3, 0.3], [0.6, 0.1]])
EASE = {0: 0.0, 1: 0.1, 2: 0.03}
"""Seed -> by how much all learners are worse."""


@pytest.fixture(scope="module")
def boards(tmp_path_factory, make_cell, record):
    """Seeds differ more than the learners "best" and "close"; "far" is worse on all, "one" has one seed."""
    from frontrunner.harness.records.store import Store

    opened = Store(tmp_path_factory.mktemp("statistics") / "store", create=True)
    for seed, harder in EASE.items():
        record(opened, make_cell("best", seed), CURVE + harder)
        record(opened, make_cell("close", seed), CURVE + harder + [0.02, -0.01, 0.001][seed])
        record(opened, make_cell("far", seed), CURVE + harder + 0.05 + seed / 1000, fit_time_s=2.0 + seed)
    record(opened, make_cell("one", 0), CURVE + 0.01)
    record(opened, make_cell("one", 1), None, status="failed", reason="no luck")
    return opened


def rows(store, **keys):
    (board,) = leaderboards(store, **keys)
    return {row.label: row for row in board.rows}, board


def test_means_have_the_interval_of_their_seeds(boards):
    found, _ = rows(boards)
    for label in ("best", "close", "far"):
        values = [fr.hypervolume(result.record.front(), [1, 1]).value for result in found[label].results.values()]
        assert list(found[label].values("hypervolume").values()) == values
        assert found[label].intervals["hypervolume"] == mean_interval(values)
    assert found["one"].intervals["hypervolume"].low is None
    assert found["one"].unfinished == {1: "failed: no luck"}


def test_an_interval_holds_nothing_that_the_measure_cannot_be(store, make_cell, record):
    for seed, points in enumerate([[[0.1, 0.9], [0.9, 0.1]], CURVE, [[0.9, 0.98], [0.98, 0.9]]]):
        record(store, make_cell("erratic", seed), points)
    ((row,),) = (board.rows for board in leaderboards(store))
    unbounded = mean_interval(list(row.values("hypervolume").values()))
    assert unbounded.low < 0
    assert row.intervals["hypervolume"] == dataclasses.replace(unbounded, low=0.0)
    assert row.against_baseline == {}


def test_ties_are_told_by_differences_seed_by_seed(boards):
    found, board = rows(boards)
    # Of one seed in common nothing is known.
    assert [row.label for row in board.rows] == ["best", "close", "far", "one"]
    assert [row.tied_with_best for row in board.rows] == [False, True, False, False]
    # Among those with three seeds the intervals of the means overlap, and still "far" is known to be worse.
    best, far = (found[label].intervals["hypervolume"] for label in ("best", "far"))
    assert far.high > best.low


def test_a_row_that_its_seeds_cannot_tell_from_the_first_is_marked(store, make_cell, record):
    for seed, harder in EASE.items():
        record(store, make_cell("best", seed), CURVE + harder)
        record(store, make_cell("close", seed), CURVE + harder + [0.02, -0.01, 0.001][seed])
        record(store, make_cell("far", seed), CURVE + harder + 0.05 + seed / 1000)
    (board,) = leaderboards(store)
    assert [(row.label, row.tied_with_best) for row in board.rows] == [("best", False), ("close", True), ("far", False)]
    lines = as_markdown([board]).splitlines()
    assert [line.split("|")[1].strip() for line in lines if line.startswith("|")][2:] == ["1", "2≈", "3"]
    assert "≈ after a rank: tied with the best" in lines[-1]


def test_two_seeds_have_no_interval_and_no_mark(store, make_cell, record):
    for seed in (0, 1):
        record(store, make_cell("best", seed), CURVE + EASE[seed])
        record(store, make_cell("close", seed), CURVE + EASE[seed] + [0.001, -0.0005][seed])
        record(store, make_cell("same", seed), CURVE + EASE[seed])
    (board,) = leaderboards(store, baseline="best")
    assert not any(row.tied_with_best for row in board.rows)
    assert all(row.intervals["hypervolume"].low is row.intervals["hypervolume"].high is None for row in board.rows)
    text = as_markdown([board])
    assert text.count("| too few seeds |") == 3
    assert "+0.0000 too few seeds" in text
    assert "≈" not in text


def test_no_difference_is_larger_than_two_values_of_the_measure_can_be():
    found = mean_interval([-0.9, 0.9, 0.5])
    clipped = MEASURES["dominated_share"].possible_difference(found)
    assert (found.low < -1, found.high > 1) == (True, True)
    assert clipped == dataclasses.replace(found, low=-1.0, high=1.0)
    assert MEASURES["hypervolume"].possible_difference(found) == found


def test_an_interval_holds_a_mean_that_rounding_put_out_of_the_range():
    found = MEASURES["hypervolume_ratio"].possible(mean_interval([1.0, 1.0, 1.0 + 1e-9]))
    assert found.low < 1.0 < found.high == found.mean


def test_differences_to_a_baseline_are_paired_by_seed(boards):
    found, board = rows(boards, baseline="best")
    assert board.baseline == "best"
    assert found["best"].against_baseline == {}
    volumes = {label: row.values("hypervolume") for label, row in found.items()}
    for label in ("close", "far", "one"):
        differences = [volumes[label][seed] - volumes["best"][seed] for seed in volumes[label]]
        assert found[label].against_baseline["hypervolume"] == mean_interval(differences)
    assert found["far"].against_baseline["hypervolume"].high < 0
    assert "fit_time_s" not in found["far"].against_baseline
    heading, *_ = [line for line in as_markdown([board]).splitlines() if line.startswith("|")]
    assert "Δ HV" in heading


def test_a_baseline_that_nobody_is_is_refused(boards):
    with pytest.raises(fr.UnknownNameError, match=r"^unknown baseline 'bets'; did you mean 'best'\?$"):
        leaderboards(boards, baseline="bets")


def test_a_baseline_that_two_learners_are_called_is_refused(store, make_cell, record):
    record(store, make_cell("same"), CURVE)
    record(store, dataclasses.replace(make_cell("other"), label="same"), CURVE + 0.01)
    with pytest.raises(fr.ConfigError, match=r"2 learners of made-up v1.* are called 'same'"):
        leaderboards(store, baseline="same")


def test_every_format_holds_the_interval(boards, command):
    def printed(format_):
        ended = command.within("leaderboard", "--format", format_, "--store", boards.folder, "--baseline", "best")
        assert (ended.status, ended.err) == (0, "")
        return ended.out

    found, _ = rows(boards, baseline="best")
    expected = found["far"].intervals["hypervolume"]
    (board,) = json.loads(printed("json"))
    (row,) = (row for row in board["rows"] if row["label"] == "far")
    assert row["intervals"]["hypervolume"] == {
        "mean": expected.mean,
        "low": expected.low,
        "high": expected.high,
        "n": 3,
    }
    assert row["values"]["hypervolume"] == {str(s): v for s, v in found["far"].values("hypervolume").items()}
    assert row["against_baseline"]["hypervolume"]["n"] == 3
    (line,) = (line for line in csv.DictReader(io.StringIO(printed("csv"))) if line["learner"] == "far")
    assert [float(line[f"hypervolume{end}"]) for end in ("", "_low", "_high")] == [
        expected.mean,
        expected.low,
        expected.high,
    ]
    difference = found["far"].against_baseline["hypervolume"]
    assert float(line["hypervolume_minus_baseline"]) == difference.mean
    assert float(line["hypervolume_minus_baseline_high"]) == difference.high
    assert line["hypervolume_error"] == ""
    shown = f"[{expected.low:.4f}, {expected.high:.4f}]"
    assert shown in printed("md")
    assert shown in printed("table")


def test_an_estimated_hypervolume_says_so(make_board, make_row):
    row = make_row(hypervolume=[0.5, 0.51])
    row.results[1].scores["hypervolume_error"] = 0.0123
    text = as_markdown([make_board(row, make_row("exact"))])
    assert "≈0.5050 ±0.01 |" in text
    assert " 0.5000 |" in text
    assert "≈ before an HV: an estimate" in text


@pytest.fixture
def three(make_board, make_row):
    """Boards on which "a" is always first, "b" before "c" twice of three times; "d" is on one only."""

    def board(name, **volumes):
        return make_board(*(make_row(label, hypervolume=value) for label, value in volumes.items()), name=name)

    return [
        board("x", a=0.9, b=0.5, c=0.4, d=0.1),
        board("y", a=0.8, b=0.3, c=0.6),
        board("z", a=0.3, b=0.2, c=0.1),
    ]


def test_average_ranks_are_over_boards_that_all_have_finished(three):
    found = overall_ranking(three)
    assert found.ranking.names == ("a", "b", "c")
    assert found.ranking.average_ranks == pytest.approx((1, 7 / 3, 8 / 3))
    assert found.left_out == ("d",)
    assert found.boards == ("x", "y", "z")
    assert found.ranking.critical_difference == critical_difference(3, 3)
    note = ranking_caption(found)
    assert "by mean HV over 3 boards" in note
    assert "not finished on every board: d" in note
    # Three boards can tell nothing, so nobody is marked.
    assert "Too few boards" in note
    assert found.tied_with_best == ()


def test_ranks_within_the_critical_difference_are_marked(three):
    found = overall_ranking([*three, *three])
    assert found.tied_with_best == ("b",)
    assert "≈: tied with the best, within the critical difference of 1.35 (Nemenyi, 95 %)" in ranking_caption(found)
    assert "|  2≈ | b" in as_markdown([], found)


def test_learners_of_equal_average_ranks_share_a_place_in_every_text(make_board, make_row):
    volumes = [{"a": 0.9, "b": 0.5, "c": 0.4, "d": 0.1}, {"a": 0.9, "b": 0.4, "c": 0.5, "d": 0.1}]
    boards = [
        make_board(*(make_row(label, hypervolume=value) for label, value in one.items()), name=name)
        for name, one in zip("xy", volumes, strict=True)
    ]
    found = overall_ranking(boards)
    shown = as_markdown([], found)
    assert [line.split("|")[1].strip() for line in shown.splitlines() if line.startswith("|")][2:] == list("1224")
    assert [line.split("&")[0].strip() for line in as_latex([], found).splitlines() if "&" in line][1:] == list("1224")


def test_a_cost_is_better_when_it_is_lower(make_board, make_row):
    pair = [make_board(make_row("slow", fit_time_s=9.0), make_row("quick", fit_time_s=1.0)) for _ in range(2)]
    assert overall_ranking(pair, "fit_time_s").ranking.names == ("quick", "slow")


def test_there_is_no_rank_over_one_board_or_of_one_learner(three, make_board, make_row):
    assert overall_ranking(three[:1]) is None
    assert overall_ranking([]) is None
    assert overall_ranking([*three, make_board(make_row("stranger"))]) is None
    unfinished = make_board(make_row("a", unfinished={0: "missing: not run yet"}))
    assert overall_ranking([*three, unfinished]).boards == ("x", "y", "z")


def test_learners_that_share_a_label_are_told_apart(make_board, make_row):
    twin = dataclasses.replace(make_row("a"), key="other")
    assert sorted(labels([make_board(make_row("a"), twin, make_row("b"))]).values()) == ["a [key ]", "a [othe]", "b"]


def test_ranks_are_shown_after_the_boards(three):
    console = Console(width=100, file=io.StringIO())
    console.print(as_table(three[0], 100))
    console.print(ranking_table(overall_ranking(three)))
    shown = console.file.getvalue()
    assert shown.index("All boards") > shown.index("HV ↑")
    assert "2.33" in shown
    assert as_markdown(three, overall_ranking(three)).count("### ") == 4


def test_rows_of_equal_hypervolume_share_a_rank_in_every_text(make_board, make_row):
    volumes = {"a": 0.5, "b": 0.5, "c": 0.4, "d": 0.4, "e": 0.1}
    board = make_board(*(make_row(label, hypervolume=value) for label, value in volumes.items()))
    assert board.ranks == [1, 1, 3, 3, 5]
    shown = as_markdown([board])
    assert [line.split("|")[1].strip() for line in shown.splitlines() if line.startswith("|")][2:] == list("11335")
