"""The picked preference: what learners answer there, and how it is picked."""

from __future__ import annotations

import pytest
from page_boards import errors
from page_reading import number, wait_for_drawing, wait_until

from frontrunner.metrics import simplex_grid


def test_the_picked_preference_is_answered_by_the_nearest_evaluated_one(plots, boards):
    wait_for_drawing(plots, "front-plot", plots.get_by_role("button", name="All", exact=True).click)
    wait_for_drawing(plots, "front-plot", plots.get_by_role("button", name="Only green").click)
    assert plots.locator("#preference output").all_inner_texts() == ["0.00", "1.00", "0.00"]
    rows = plots.locator("#answers tbody tr")
    names = rows.locator(".name").all_inner_texts()
    finished = [row for row in boards[0].rows if row.seeds]
    at = simplex_grid(3, 4).tolist().index([0, 1, 0])
    costs = {row.label: errors(row)[at][1] for row in finished if row.label != "fixed"}
    assert names == [*sorted(costs, key=costs.get), "fixed"]
    assert "stands for no preferences (1 fixed model)" in rows.last.inner_text()
    for i, name in enumerate(names[:-1]):
        cells = rows.nth(i).locator("td").all_inner_texts()
        assert cells[0] == "(0.00, 1.00, 0.00)"
        assert number(cells[2]) == number(cells[4]) == pytest.approx(costs[name], abs=5.1e-5)
        assert f"acc. {100 * (1 - costs[name]):.1f} %" in cells[2]
        assert ("best" in cells[4]) == (i == 0)
    ring = plots.evaluate(
        "(() => { const t = document.getElementById('front-plot').data.at(-1); return [t.name, t.y]; })()"
    )
    assert ring[0] == "at the picked preference"
    assert sorted(ring[1]) == pytest.approx(sorted(costs.values()), abs=1e-5)


def test_sliders_keep_weights_on_the_simplex(plots):
    outputs = plots.locator("#preference output")
    plots.locator("[data-task='0']").fill("40")
    wait_until(plots, "document.querySelector('#preference output').textContent === '0.40'")
    assert outputs.all_inner_texts() == ["0.40", "0.30", "0.30"]
    plots.locator("[data-task='1']").fill("0")
    wait_until(plots, "document.querySelectorAll('#preference output')[1].textContent === '0.00'")
    assert outputs.all_inner_texts() == ["0.57", "0.00", "0.43"]  # the others keep their proportions
