"""Quality against cost, quality over time, merge coefficients, and ranks over boards."""

from __future__ import annotations

import numpy as np
import pytest
from page_boards import SEEDS
from page_reading import wait_for_drawing, wait_for_plot

from frontrunner.harness.board.overall_ranking import overall_ranking


def test_costs_are_drawn_with_the_learners_that_no_other_beats(shared, boards):
    wait_for_drawing(shared, "cost-plot", lambda: shared.select_option("#cost", "fit_time_s"))
    wait_for_drawing(shared, "cost-plot", lambda: shared.select_option("#quality", "igd_plus"))
    if shared.locator("#logarithmic").is_checked():
        wait_for_drawing(shared, "cost-plot", shared.locator("#logarithmic").uncheck)
    line, marks = shared.evaluate("document.getElementById('cost-plot').data.map(t => [[...t.x], [...t.y]])")
    points = [(row.metrics["fit_time_s"], row.metrics["igd_plus"]) for row in boards[0].rows if row.seeds]
    assert np.allclose(np.transpose(marks), points, rtol=1e-4)
    best = [p for p in points if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in points)]
    assert 1 < len(best) < len(points)
    assert np.allclose(np.transpose(line), sorted(best), rtol=1e-4)
    wait_for_drawing(shared, "cost-plot", shared.locator("#logarithmic").check)
    assert shared.evaluate("document.getElementById('cost-plot').layout.xaxis.type") == "log"


def test_quality_over_time_and_coefficients_are_drawn_where_recorded(shared, boards):
    wait_for_plot(shared, "progress-plot")
    curves = shared.evaluate(
        "document.getElementById('progress-plot').data.map(t => [t.meta.learner, [...t.x], [...t.y]])"
    )
    assert curves == [[boards[0].rows[0].key, [1.5], [0.25]]] * len(SEEDS)
    assert "plain" in shared.locator("#progress-note").inner_text()
    assert shared.locator("#coefficients-of option").all_inner_texts() == ["steady"]
    wait_for_drawing(shared, "coefficients-plot", shared.get_by_role("button", name="Only blue").click)
    maps = "document.getElementById('coefficients-plot').data.map(t => t.z)"
    assert shared.evaluate(maps) == [[[0, 1], [0, 1], [1, 0]]]  # by task and part
    wait_for_drawing(shared, "coefficients-plot", shared.get_by_text("Every corner").click)
    assert shared.evaluate(maps) == [[[int(t == c), int(t != c)] for t in range(3)] for c in range(3)]


def test_average_ranks_over_boards(shared, boards):
    found = overall_ranking(boards)
    rows = shared.locator("#ranking tbody tr:not(.difference)")
    assert rows.locator("th").all_inner_texts() == list(found.ranking.names)
    ranks = [float(text) for text in rows.locator("td.number").all_inner_texts()]
    assert ranks == pytest.approx(found.ranking.average_ranks, abs=0.0051)
    assert "failing" in shared.locator("#ranking .caption").inner_text()
