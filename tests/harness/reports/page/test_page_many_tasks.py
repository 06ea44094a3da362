"""Fronts of many tasks: heat maps and small multiples, and what lies beyond the reference point."""

from __future__ import annotations

import numpy as np
import pytest
from page_boards import errors, made_board
from page_reading import choose_view, learner_traces, opened, wait_for_drawing, wait_for_plot, wait_until

from frontrunner.harness.reports.page import write_page

FIVE = ("red", "green", "blue", "cyan", "pink")


@pytest.fixture(scope="module")
def board(store, tmp_path_factory):
    """Of five tasks, with answers of two learners beyond the reference point."""
    return made_board(tmp_path_factory.mktemp("five"), FIVE, beyond=("steady", "plain"))


@pytest.fixture
def five(board, store, chromium, tmp_path):
    write_page([board], store, tmp_path / "five.html")
    with opened(chromium, tmp_path / "five.html") as page:
        wait_for_plot(page, "front-plot")
        yield page


def test_many_tasks_are_a_heat_map_a_learner(five, board):
    assert five.locator("input[name=front-view]").evaluate_all("all => all.map(one => one.value)") == [
        *("heat", "weight", "plane", "space")
    ]
    maps = five.evaluate(
        "document.getElementById('front-plot').data"
        ".map(t => [t.type, t.meta.learner, t.z, t.customdata.map(c => c[0])])"
    )
    assert [(kind, key) for kind, key, *_ in maps] == [("heatmap", row.key) for row in board.rows[:5]]
    for (_, _, shown, rows), row in zip(maps, board.rows, strict=False):
        assert sorted(rows) == list(range(len(errors(row))))
        assert np.allclose(shown, errors(row)[rows], atol=1e-4)
    assert len({tuple(rows) for _, _, _, rows in maps}) == 1  # the same row answers the same preference
    end = five.evaluate("document.getElementById('front-plot').layout.coloraxis.cmax")
    assert 1.0 < end < 1.06
    assert "steady (1)" in five.locator("#front-note").inner_text()


def test_small_multiples_show_every_task_over_its_weight(five, board):
    choose_view(five, "By weight")
    traces = learner_traces(five)
    assert len(traces) == len(FIVE) * 5
    row = board.rows[0]
    weights = row.results[0].record.evaluation.preferences
    for t, trace in enumerate(trace for trace in traces if trace["key"] == row.key):
        assert np.allclose(trace["x"], weights[:, t], atol=1e-4)
        assert np.allclose(trace["y"], errors(row)[:, t], atol=1e-4)
    tops = five.evaluate(
        "['yaxis', 'yaxis3', 'yaxis5'].map(a => document.getElementById('front-plot').layout[a].range[1])"
    )
    assert all(1.0 < top < 1.06 for top in tops)


def test_axes_end_just_beyond_the_reference_point_and_count_the_rest(five):
    choose_view(five, "2-D")
    wait_for_drawing(five, "front-plot", five.get_by_role("button", name="All", exact=True).click)
    ends = "['xaxis', 'yaxis'].map(a => document.getElementById('front-plot').layout[a].range)"
    for low, high in five.evaluate(ends):
        assert low < 0.1
        assert 1.0 < high < 1.06
    note = five.locator("#front-note").inner_text()
    assert "2 points beyond the end of an axis, just beyond the reference point: steady (1), plain (1)." in note
    wait_for_drawing(five, "front-plot", five.locator("#landmarks").uncheck)
    assert all(high < 1.0 for _, high in five.evaluate(ends))


def test_equal_weights_are_answered_where_they_were_evaluated(plots):
    plots.get_by_role("button", name="Only red").click()
    plots.get_by_role("button", name="Equal").click()
    wait_until(plots, "document.querySelector('#answers td').textContent === '(0.33, 0.33, 0.33)'")
    assert plots.locator("#nearest").inner_text() == ""


def test_the_page_says_what_answers_for_equal_weights_elsewhere(five):
    five.get_by_role("button", name="Only red").click()
    wait_until(five, "document.querySelector('#answers td').textContent === 'only red'")
    assert five.locator("#nearest").inner_text() == ""
    five.get_by_role("button", name="Equal").click()
    wait_until(five, "document.getElementById('nearest').textContent !== ''")
    # 3 points per edge: no preference of 15 has more than two weights, and ten have two alike.
    said = five.locator("#nearest").inner_text()
    assert said.startswith("Equal weights were not evaluated; the nearest of 15 evaluated preferences answers: ")
    assert said.endswith("the first of 10 equally near ones.")
    answered = five.locator("#answers td").first.inner_text()
    assert answered.count("0.50") == 2
    assert answered in said
