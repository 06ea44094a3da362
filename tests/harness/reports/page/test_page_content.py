"""The page's data: what Python computes, so that the page's scripts only read it."""

from __future__ import annotations

import inspect
import json
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from page_boards import HOSTILE, LARGE_SEED, REASON, errors

from frontrunner.harness.board.notes import reading_notes
from frontrunner.harness.board.overall_ranking import OverallRanking
from frontrunner.harness.reports.page.board_content import board_content
from frontrunner.harness.reports.page.front_content import all_fronts
from frontrunner.harness.reports.page.index_content import ranking_content
from frontrunner.harness.reports.page.texts import difference_text, estimate_text, value_text
from frontrunner.harness.reports.page.writing import SCRIPTS, page_script
from frontrunner.harness.reports.pictures.cost_png import unbeaten
from frontrunner.harness.reports.pictures.figure import is_wide
from frontrunner.harness.scoring.measures import MEASURES
from frontrunner.metrics.ranking import rank

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def content(store, boards):
    """The data of the first board."""
    return json.loads(json.dumps(board_content(boards[0], None, all_fronts(store, boards, None))))


def test_values_are_texts_as_in_the_terminal_with_the_digits_of_small_ones():
    quality, time, memory = MEASURES["alignment"], MEASURES["fit_time_s"], MEASURES["peak_rss_bytes"]
    assert value_text(quality, 0.43805) == quality.text(0.43805) == "0.4380"
    assert [value_text(quality, value) for value in (-0.25, 0.0, 9.4e-5, -9.4e-5, 1e-12, 2e9)] == [
        "−0.2500",
        "0.0000",
        "9.4e−5",
        "−9.4e−5",
        "1.0e−12",
        "2e+09",
    ]
    assert [value_text(time, 3725.0), value_text(memory, 1.25e9), value_text(time, None)] == [
        "1 h 02 min",
        "1.25 GB",
        "–",
    ]
    assert [difference_text(time, value) for value in (-80.0, 0.0, 80.0)] == ["−1 min 20 s", "0.0 ms", "+1 min 20 s"]
    assert estimate_text(quality, 0.5, 0.002) == "≈ 0.5000 ± 0.002"
    assert estimate_text(quality, 0.5, 2e-5) == "≈ 0.5000 ± 2e−5"


def test_a_row_says_what_its_intervals_and_differences_say(content, boards):
    row = boards[0].rows[0]
    found = content["rows"][0]
    interval = row.intervals["hypervolume"]
    mean, low, high, n, text, ends = found["intervals"]["hypervolume"]
    assert (mean, low, high) == pytest.approx((interval.mean, interval.low, interval.high), rel=1e-4)
    assert (n, text, ends) == (3, f"{interval.mean:.4f}", f"[{interval.low:.4f}, {interval.high:.4f}]")
    assert found["against"]["hypervolume"][1] == f"{row.against_baseline['hypervolume'].mean:+.4f}"
    assert found["values"]["hypervolume"] == [f"{value:.4f}" for value in row.values("hypervolume").values()]
    assert [other["rank"] for other in content["rows"]] == [1, 2, 3, 4, 5, 6, None, None]
    partly = content["rows"][6]
    assert (partly["finished"], partly["reasons"]) == ("2/3", [[f"seed {LARGE_SEED}", REASON]])
    assert partly["intervals"]["hypervolume"][5] == "too few seeds"  # two say nothing about others
    assert partly["otherSeeds"] == f"has seeds 0, 5, and others are compared on seeds 0, 5, {LARGE_SEED}"
    assert {other["otherSeeds"] for other in content["rows"] if other is not partly} == {""}
    assert found["ranIn"] == [["", 0]]


def test_the_caption_is_in_the_words_of_the_other_reports(content, boards):
    notes = reading_notes(boards[0], tied="beside a name")
    assert len(notes) == 6
    assert all(note in content["caption"]["notes"] for note in notes)
    assert dict(content["caption"]["entries"])["Baseline"] == "plain"


def test_dominated_points_are_named_and_equal_ones_are_not_dominated(content, boards):
    assert content["shares"] is True
    seen = 0
    for row, fronts in zip(boards[0].rows, content["fronts"], strict=True):
        for seed, front in fronts.items():
            points = errors(row, int(seed))
            beaten = [
                i
                for i, point in enumerate(points)
                if any((other <= point).all() and (other < point).any() for other in points)
            ]
            assert front.get("d", []) == beaten
            seen += 1
    assert seen == 20


def test_merge_coefficients_come_with_texts_and_the_corners_of_the_simplex(content):
    found = content["coefficients"][0]
    assert len(found["texts"]) == 10
    at_corners = [found["texts"][position] for position in found["corners"]]
    assert at_corners == ["(1.00, 0.00, 0.00)", "(0.00, 1.00, 0.00)", "(0.00, 0.00, 1.00)"]
    assert found["limits"] == [0, 1]
    assert content["coefficients"][1:] == [None] * 7


@pytest.mark.parametrize("maximize", [True, False])
def test_unbeaten_learners_are_those_that_no_other_beats(maximize):
    rng = np.random.default_rng(0)
    for _ in range(50):
        points = rng.integers(0, 6, (12, 2)).astype(float)  # with ties
        costs, qualities = points.T
        better = qualities if maximize else -qualities
        found = unbeaten(costs, qualities, maximize=maximize)
        assert sorted(set(costs[found])) == list(costs[found])
        beaten = {
            i
            for i in range(12)
            for j in range(12)
            if costs[j] <= costs[i] and better[j] >= better[i] and (costs[j] < costs[i] or better[j] > better[i])
        }
        assert {tuple(points[i]) for i in found} == {tuple(points[i]) for i in set(range(12)) - beaten}
    assert unbeaten([], [], maximize=maximize) == []


def test_an_axis_is_logarithmic_where_positive_values_differ_twentyfold(content, boards):
    found = [is_wide(values) for values in ([1, 20], [1, 20.1], [0, 100], [-1, 100], [5], [])]
    assert found == [False, True, False, False, False, False]
    means = [row.metrics["fit_time_s"] for row in boards[0].rows if row.seeds]
    assert ("fit_time_s" in content["costs"]["wide"]) == (max(means) > 20 * min(means))
    assert content["costs"]["unbeaten"]["hypervolume"].keys() == {
        "fit_time_s",
        "trainable_parameters",
        "front_points",
    }


def test_bars_join_the_cliques_and_stand_side_by_side_where_they_overlap():
    scores = np.array([[4.0, 3.0, 2.0, 1.0], [3.0, 4.0, 1.0, 2.0]] * 8)
    ranking = rank(scores, ["a", "b", "c", HOSTILE])
    found = ranking_content(OverallRanking("hypervolume", ranking, ("x", "y"), ("late",)), {"key": "a"})
    bars = [(ranking.names.index(clique[0]), ranking.names.index(clique[-1])) for clique in ranking.cliques]
    assert [(first, last) for first, last, _ in found["bars"]] == bars == [(0, 1), (2, 3)]
    assert [column for *_, column in found["bars"]] == [0, 0]
    overlapping = rank(scores[:5], ["a", "b", "c", "d"])
    columns = ranking_content(OverallRanking("hypervolume", overlapping, ("x", "y"), ()), {})["bars"]
    assert len(columns) > 1
    for (first, last, column), (other_first, other_last, other_column) in pairwise(columns):
        assert column != other_column or last < other_first or other_last < first
    assert found["difference"]["text"] == f"{ranking.critical_difference:.2f}"
    assert found["learners"][0] == {"key": "key", "name": "a", "rank": 1.5, "text": "1.50"}
    assert found["leftOut"] == "Not ranked, since of other seeds or not finished on every board: late."
    assert "1 learner cannot be told apart from the best" in found["about"]


def test_the_scripts_of_the_page_pass_the_linter():
    if not (shutil.which("oxlint") or (Path(sys.executable).parent / "oxlint").exists()):
        pytest.skip("oxlint is not installed (the dev extra has it)")
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "lint_javascript.py"], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("", 0)


def test_the_scripts_are_all_that_lie_beside_the_page():
    folder = Path(inspect.getfile(page_script)).parent
    assert sorted(SCRIPTS) == sorted(file.name for file in folder.glob("*.js"))
    assert re.findall(r"\b(?:function|const) (escapeHtml|nearest)\b", page_script()) == ["escapeHtml", "nearest"]
