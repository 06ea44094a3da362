"""The fronts: which learners are drawn, in the plane, in space and as parallel coordinates."""

from __future__ import annotations

import re

import numpy as np
import pytest
from page_boards import LARGE_SEED, errors
from page_reading import (
    choose_view,
    column,
    drawn,
    learner_traces,
    means,
    opened,
    wait_for_drawing,
    wait_for_plot,
    wait_until,
)

from frontrunner.harness.reports.page import front_content, write_page
from frontrunner.harness.reports.page.front_content import shown_seeds
from frontrunner.metrics import simplex_grid


def test_learners_are_drawn_as_their_checkboxes_say(plots, boards):
    keys = [row.key for row in boards[0].rows if row.seeds]
    assert drawn(plots) == keys[:5]
    wait_for_drawing(plots, "front-plot", plots.get_by_role("button", name="All", exact=True).click)
    assert drawn(plots) == keys
    assert plots.locator("#front-plot .scatterlayer .point").count() >= sum(len(t["x"]) for t in learner_traces(plots))
    wait_for_drawing(plots, "front-plot", plots.locator(f"[data-method='{keys[1]}']").uncheck)
    assert drawn(plots) == [keys[0], *keys[2:]]
    looks = {(trace["marker"]["color"], trace["marker"]["symbol"]) for trace in learner_traces(plots)}
    assert len(looks) == len(keys) - 1
    wait_for_drawing(plots, "front-plot", plots.get_by_role("button", name="None", exact=True).click)
    assert drawn(plots) == []
    assert plots.get_by_text("No learner is drawn").is_visible()


def test_two_objectives_are_the_recorded_ones_of_the_chosen_seed(plots, boards):
    row = boards[0].rows[0]
    wait_for_drawing(plots, "front-plot", lambda: plots.select_option("#front-y", label="blue"))
    trace = learner_traces(plots)[0]
    assert sorted(trace["which"]) == list(range(10))
    assert np.allclose(np.transpose([trace["x"], trace["y"]]), errors(row)[trace["which"]][:, [0, 2]], atol=1e-5)
    wait_for_drawing(plots, "front-plot", lambda: plots.select_option("#seed", str(LARGE_SEED)))
    trace = learner_traces(plots)[0]
    assert np.allclose(trace["x"], errors(row, LARGE_SEED)[trace["which"]][:, 0], atol=1e-5)
    assert plots.locator("#front-note").inner_text() == ""
    (partly,) = (row.key for row in boards[0].rows if row.label == "partly")
    wait_for_drawing(plots, "front-plot", plots.locator(f"[data-method='{partly}']").check)
    assert "partly" in plots.locator("#front-note").inner_text()
    choose_view(plots, "Accuracy")
    trace = learner_traces(plots)[0]
    assert np.allclose(trace["x"], 100 * (1 - errors(row, LARGE_SEED)[trace["which"]][:, 0]), atol=1e-3)
    wait_for_drawing(plots, "front-plot", plots.locator("#reference-front").check)
    names = "document.getElementById('front-plot').data.map(t => t.name)"
    assert plots.evaluate(names)[0] == "reference front"
    assert {"reference point", "pre-trained model"} <= set(plots.evaluate(names))
    wait_for_drawing(plots, "front-plot", plots.locator("#landmarks").uncheck)
    assert "reference point" not in plots.evaluate(names)


@pytest.mark.slow
def test_three_objectives_turn_in_space_and_stay_rigid(plots, boards):
    choose_view(plots, "3-D")

    def places():
        """Of every point as the reader sees it: to the right, and upwards."""
        traces = learner_traces(plots)
        assert {trace["type"] for trace in traces} == {"scatter3d"}
        found = {
            (trace["key"], i): point
            for trace in traces
            for i, *point in zip(trace["which"], trace["x"], trace["y"], trace["z"], strict=True)
        }
        rows = {row.key: errors(row) for row in boards[0].rows if row.seeds}
        assert np.allclose([*found.values()], [rows[key][i] for key, i in found], atol=1e-5)
        behind = eye(plots) / np.linalg.norm(eye(plots))
        right = np.cross([0, 0, 1], behind) / np.linalg.norm(np.cross([0, 0, 1], behind))
        return np.array([found[key] for key in sorted(found)]) @ np.array([right, np.cross(behind, right)]).T

    before = places()
    assert len(before) == 50
    for _ in range(23):  # a twelfth of half a circle each
        plots.get_by_role("button", name="Turn right").click()
    wait_for_drawing(plots, "front-plot", plots.get_by_role("button", name="Turn left").click)
    turned = places()
    assert not np.allclose(turned, before)
    for _ in range(2):
        wait_for_drawing(plots, "front-plot", plots.get_by_role("button", name="Turn right").click)
    assert np.allclose(places(), before, atol=1e-9)


def eye(page):
    """Where a reader looks from, in space."""
    found = page.evaluate("document.getElementById('front-plot')._fullLayout.scene.camera.eye")
    return np.array([found["x"], found["y"], found["z"]])


@pytest.mark.slow
def test_space_stays_as_a_mouse_turned_it_when_it_is_drawn_again(page):
    wait_for_plot(page, "front-plot")
    choose_view(page, "3-D")
    before = eye(page)
    canvas = page.locator("#front-plot canvas").first.bounding_box()
    x, y = canvas["x"] + canvas["width"] / 2, canvas["y"] + canvas["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 9):
        page.mouse.move(x + 15 * step, y, steps=3)
    page.mouse.up()
    wait_until(page, "document.getElementById('front-plot').layout.scene.camera.eye.x !== " + str(before[0]))
    turned = eye(page)
    assert not np.allclose(turned, before, atol=0.1)
    assert np.linalg.norm(turned) == pytest.approx(np.linalg.norm(before), rel=0.01)
    wait_for_drawing(page, "front-plot", page.locator("#landmarks").uncheck)
    assert np.allclose(eye(page), turned)
    wait_for_drawing(page, "front-plot", page.get_by_role("button", name="Turn left").click)
    assert eye(page)[2] == pytest.approx(turned[2])
    assert not np.allclose(eye(page), turned, atol=0.1)


def test_a_point_in_space_is_clicked_to_pick_its_preference(page):
    wait_for_plot(page, "front-plot")
    choose_view(page, "3-D")
    trace = learner_traces(page)[0]
    i = trace["which"].index(0)
    point = [trace[axis][i] for axis in "xyz"]
    scene = page.evaluate(
        "(() => { const s = document.getElementById('front-plot')._fullLayout.scene._scene, c = s.glplot.cameraParams;"
        " return [[c.model, c.view, c.projection].map(m => [...m]), [...s.dataScale]]; })()"
    )
    model, view, projection = (np.reshape(matrix, (4, 4)).T for matrix in scene[0])
    x, y, _, w = projection @ view @ model @ [*(np.array(point) * scene[1]), 1]
    canvas = page.locator("#front-plot canvas").first.bounding_box()
    at = canvas["x"] + canvas["width"] * (0.5 + 0.5 * x / w), canvas["y"] + canvas["height"] * (0.5 - 0.5 * y / w)
    page.mouse.move(at[0] - 40, at[1])
    page.mouse.move(*at, steps=8)
    page.wait_for_selector("#front-plot .hovertext")
    page.mouse.down()
    page.wait_for_timeout(100)
    page.mouse.up()
    expected = ",".join(f"{weight:.2f}" for weight in simplex_grid(3, 4)[0])
    shown = "[...document.querySelectorAll('#preference output')].map(o => o.textContent).join()"
    wait_until(page, f"{shown} === '{expected}'")


@pytest.mark.slow
def test_a_finger_scrolls_the_page_up_and_down_and_turns_space_across(visit, file):
    page = visit(file, width=390, touch=True)
    wait_for_plot(page, "front-plot")
    browser = page.context.new_cdp_session(page)

    def swipe(across, up):
        page.evaluate("document.getElementById('front-plot').scrollIntoView({ block: 'center' })")
        box = page.locator("#front-plot").bounding_box()
        start = {"x": box["x"] + box["width"] / 2, "y": box["y"] + 0.7 * box["height"]}
        before = page.evaluate("scrollY")
        browser.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [start]})
        for part in np.linspace(0.1, 1, 10):
            point = {"x": start["x"] + part * across, "y": start["y"] + part * up}
            browser.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
            page.wait_for_timeout(20)
        browser.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.wait_for_timeout(300)
        return page.evaluate("scrollY") - before

    assert swipe(0, -150) > 50
    choose_view(page, "3-D")
    before = eye(page)
    assert swipe(0, -150) > 50
    assert np.allclose(eye(page), before)
    assert swipe(120, 0) == 0
    assert not np.allclose(eye(page), before, atol=0.1)


def test_without_webgl_a_sentence_stands_for_space(launch_chromium, file):
    with opened(launch_chromium("--disable-3d-apis"), file) as page:
        wait_for_plot(page, "front-plot")
        page.locator("label", has_text=re.compile("^3-D$")).click()
        assert "This browser offers no WebGL, which the 3-D view needs." in page.locator("#front-note").inner_text()
        assert not page.locator("#front-plot").is_visible()
        page.locator("label", has_text=re.compile("^2-D$")).click()
        wait_until(page, "document.querySelectorAll('#front-plot .scatterlayer .point').length > 40")
        assert page.locator("#front-plot").is_visible()
        assert "WebGL" not in page.locator("#front-note").inner_text()


def test_parallel_coordinates_draw_a_line_a_point(plots, boards):
    choose_view(plots, "Parallel")
    trace = learner_traces(plots)[0]
    assert trace["x"][:4] == ["red", "green", "blue", None]
    assert np.allclose(np.array(trace["y"]).reshape(10, 4)[:, :3].astype(float), errors(boards[0].rows[0]), atol=1e-5)


def test_a_board_of_two_tasks_takes_the_place_of_one_of_three(plots, boards):
    plots.select_option("#board", label=boards[1].name)
    wait_until(plots, "document.querySelectorAll('#preference output').length === 2")
    wait_for_plot(plots, "front-plot")
    assert means(plots, "hypervolume")[0] == pytest.approx(boards[1].rows[0].metrics["hypervolume"], abs=5.1e-5)
    trace = learner_traces(plots)[0]
    assert np.allclose(np.transpose([trace["x"], trace["y"]]), errors(boards[1].rows[0])[trace["which"]], atol=1e-5)


def test_fronts_beyond_what_a_page_may_hold_are_left_out_and_said_to_be(store, boards, tmp_path, monkeypatch, visit):
    numbers = sum(errors(row, seed).size for board in boards for row in board.rows for seed in row.seeds)
    assert shown_seeds(boards) is None
    monkeypatch.setattr(front_content, "SHOWN_NUMBERS", numbers // 2)
    assert shown_seeds(boards) == 1
    write_page(boards, store, tmp_path / "page.html")
    page = visit(tmp_path / "page.html")
    wait_for_plot(page, "front-plot")
    assert page.locator("#seed").count() == 0
    assert "holds the fronts of the first 1 seed of each learner" in page.locator("#front-note").inner_text()
    assert column(page, "seeds")[0] == "3"  # the table still counts all
