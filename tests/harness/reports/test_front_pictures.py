from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from frontrunner.errors import ConfigError, FrontError
from frontrunner.harness.reports.pictures.axis_limits import axis_limits, outside
from frontrunner.harness.reports.pictures.front_figure import front_figure
from frontrunner.harness.reports.pictures.front_html import front_html
from frontrunner.harness.reports.pictures.front_picture import make_picture
from frontrunner.harness.reports.pictures.heat_rows import heat_rows
from frontrunner.harness.reports.pictures.looks import looks_of
from frontrunner.metrics import Front, simplex_grid

TASKS = ("digits", "fashion", "animals", "emoji", "clipart")
LEARNED, ONE = "pwe-moe-ls (all)", "weight <averaging> $"


def some_fronts(n_tasks: int) -> dict[str, Front]:
    grid = simplex_grid(n_tasks, 3)
    curve = np.concatenate([(1.0 - grid) ** 2, np.full((1, n_tasks), 1.05)])  # the last point is dominated
    weights = np.concatenate([grid, grid[:1]])
    return {
        LEARNED: Front(curve, weights),
        ONE: Front(np.full((1, n_tasks), 0.5)),
    }


def traces(page: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The data and layout that the page hands to plotly."""
    text = page.read_text(encoding="utf-8")
    start = re.search(r'Plotly\.newPlot\(\s*"front",\s*', text)
    assert start is not None
    data, end = json.JSONDecoder().raw_decode(text, start.end())
    layout, _ = json.JSONDecoder().raw_decode(text, re.compile(r"\s*,\s*").match(text, end).end())  # type: ignore[union-attr]
    return data, layout


def shows(picture: np.ndarray, colour: str) -> bool:
    """Whether any pixel has about that colour: markers are drawn at 90 % opacity on white."""
    return bool((np.abs(picture[..., :3] - (0.9 * np.array(to_rgb(colour)) + 0.1)).max(axis=2) < 0.02).any())


@pytest.mark.parametrize("n_tasks", [1, 2, 3, 5])
def test_png_shows_every_method(tmp_path: Path, n_tasks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)  # global state: importing it would now fail
    fronts = some_fronts(n_tasks)
    pictures = {}
    for shown in (list(fronts), list(fronts)[:1]):
        path = tmp_path / "front.png"
        chosen = {name: fronts[name] for name in shown}
        front_figure(chosen, TASKS[:n_tasks], path, title="suite, $1", reference_point=[1.0] * n_tasks)
        pictures[len(shown)] = matplotlib.image.imread(path)
    height, width, _ = pictures[2].shape
    if n_tasks == 5:  # heat maps, a panel a learner
        assert width > pictures[1].shape[1]
        return
    # Parallel coordinates are drawn thinner, but a method of one point stays strong in any picture.
    of = {name: look.colour for name, look in looks_of(fronts).items()}
    assert shows(pictures[2], of[ONE])
    assert not shows(pictures[1], of[ONE])
    assert n_tasks not in (2, 3) or shows(pictures[1], of[LEARNED])
    assert (width, height) == {2: (1350, 825), 3: (1875, 1350)}.get(n_tasks, (int(900 + 165 * n_tasks), 825))


def test_axes_end_just_beyond_the_reference_point_and_count_what_lies_outside() -> None:
    front = Front([[0.2, 0.6], [0.1, 0.9], [0.05, 4.0], [0.7, 1.5]])
    picture = make_picture({"m": front}, TASKS[:2], [1.0, 1.0], False, "error")
    assert picture.limits is not None
    assert (picture.limits[:, 1] > 1.0).all()
    assert (picture.limits[:, 1] < 1.06).all()
    assert (picture.limits[:, 0] < [0.05, 0.6]).all()
    assert picture.n_outside == 2
    shown = make_picture({"m": front}, TASKS[:2], [1.0, 1.0], True, "error")
    assert shown.limits is not None
    assert np.allclose(shown.limits, 100 * (1 - picture.limits[:, ::-1]))
    assert shown.n_outside == 2
    assert make_picture({"m": front}, TASKS[:2], None, False, "error").limits is None


def test_an_axis_without_a_point_better_than_the_reference_shows_them_all() -> None:
    limits = axis_limits([[2.0, 0.5], [3.0, 0.5]], [1.0, 1.0])
    assert limits[0, 1] > 3.0
    assert not outside([[2.0, 0.5], [3.0, 0.5]], limits).any()
    assert np.isfinite(axis_limits([[1.0]], [1.0])).all()


def test_pages_say_how_many_points_lie_outside(tmp_path: Path) -> None:
    for n_tasks in (2, 3, 4, 5):
        beyond = Front(np.vstack([np.full(n_tasks, 0.5), np.full(n_tasks, 7.0)]))
        front_html({"m": beyond}, TASKS[:n_tasks], tmp_path / "f.html", title="t", reference_point=[1.0] * n_tasks)
        _, layout = traces(tmp_path / "f.html")
        assert "1 point lies beyond the end of an axis" in layout["title"]["text"]
        ends = {
            2: lambda found: found["xaxis"]["range"][1],
            3: lambda found: found["scene"]["zaxis"]["range"][1],
            4: lambda found: found["yaxis"]["range"][1],
            5: lambda found: found["coloraxis"]["cmax"],
        }
        assert 1.0 <= ends[n_tasks](layout) < 1.1


def test_rows_of_a_heat_map_go_by_the_task_that_is_weighed_most() -> None:
    grid = [[1 / 3, 1 / 3, 1 / 3], [0.0, 0.6, 0.4], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.5, 0.0]]
    rows, groups = heat_rows(grid, TASKS[:3])
    assert rows == [2, 3, 1, 4, 0]
    assert groups == [("digits", 1), ("fashion", 2), ("mixed", 2)]


BEGINNINGS = {"png": b"\x89PNG", "pdf": b"%PDF-", "svg": b"<?xml"}


@pytest.mark.parametrize("ending", BEGINNINGS)
@pytest.mark.parametrize("n_tasks", [2, 3, 5])
def test_a_figure_is_the_same_file_every_time(tmp_path: Path, n_tasks: int, ending: str) -> None:
    for name in ("a", "b"):
        front_figure(some_fronts(n_tasks), TASKS[:n_tasks], tmp_path / f"{name}.{ending}", title="suite")
    found = [(tmp_path / f"{name}.{ending}").read_bytes() for name in ("a", "b")]
    assert found[0] == found[1]
    assert found[0].startswith(BEGINNINGS[ending])
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"a.{ending}", f"b.{ending}"]
    assert ending != "pdf" or b"/Type3" not in found[0]
    assert b"<dc:date>" not in found[0]
    assert b"CreationDate" not in found[0]


@pytest.mark.parametrize("draw", [front_figure, front_html])
def test_a_file_that_cannot_be_finished_leaves_the_one_before(tmp_path: Path, monkeypatch, draw) -> None:
    path = tmp_path / ("front.html" if draw is front_html else "front.pdf")
    path.write_text("before")

    def half(self, *_, **__):
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "replace", half)
    with pytest.raises(OSError, match="No space"):
        draw(some_fronts(2), TASKS[:2], path, title="suite")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("n_tasks", [1, 2, 3, 4])
def test_html_holds_every_point_and_loads_nothing(tmp_path: Path, n_tasks: int) -> None:
    page = tmp_path / "front.html"
    fronts = some_fronts(n_tasks)
    front_html(fronts, TASKS[:n_tasks], page, title="a < b", reference_point=[1.0] * n_tasks)
    text = page.read_text(encoding="utf-8")
    assert "<title>a &lt; b</title>" in text
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", text)
    assert len(text) > 1_000_000  # plotly.js itself

    data, _ = traces(page)
    assert {trace["type"] for trace in data} == {"scatter3d" if n_tasks == 3 else "scatter"}
    named = [trace["name"] for trace in data if trace.get("showlegend", True)]
    assert named == ["pwe-moe-ls (all)", "weight &lt;averaging&gt; $", "reference point"]
    learned = [trace for trace in data if trace["name"] == "pwe-moe-ls (all)"]
    assert [trace["opacity"] for trace in learned] == [0.9, 0.25]
    objectives = fronts["pwe-moe-ls (all)"].objectives
    if n_tasks in (2, 3):
        points = [list(p) for t in learned for p in zip(*(t[axis] for axis in "xyz"[:n_tasks]), strict=True)]
        assert sorted(points) == sorted(objectives.tolist())
    else:
        assert [v for t in learned for v in t["y"]].count(None) == len(objectives)
        assert all(len(t["hovertext"]) == len(t["x"]) == len(t["y"]) for t in learned)


def test_html_of_many_tasks_is_a_heat_map_a_learner(tmp_path: Path) -> None:
    fronts = some_fronts(5)
    front_html(fronts, TASKS, tmp_path / "front.html", title="t", reference_point=[1.0] * 5)
    data, layout = traces(tmp_path / "front.html")
    assert [trace["type"] for trace in data] == ["heatmap", "heatmap"]
    assert [note["text"] for note in layout["annotations"]] == [LEARNED, "weight &lt;averaging&gt; $"]
    assert sorted(map(tuple, data[0]["z"])) == sorted(map(tuple, fronts[LEARNED].objectives.tolist()))
    first = data[0]["z"][0]  # the answer to the first task alone
    assert "digits error: 0 (preference 1)" in data[0]["hovertext"][0][0]
    assert first[0] == 0.0


def test_html_hover_tells_preference_and_objectives_of_its_own_point(tmp_path: Path) -> None:
    front = Front([[0.4, 0.1], [0.1, 0.4], [0.5, 0.5]], [[0.25, 0.75], [0.75, 0.25], [0.5, 0.5]])
    front_html({"m": front}, TASKS[:2], tmp_path / "front.html", title="t")
    best, dominated = traces(tmp_path / "front.html")[0]
    assert best["x"] == [0.1, 0.4]
    assert best["hovertext"] == [
        "<b>m</b><br>digits error: 0.1 (preference 0.75)<br>fashion error: 0.4 (preference 0.25)",
        "<b>m</b><br>digits error: 0.4 (preference 0.25)<br>fashion error: 0.1 (preference 0.75)",
    ]
    assert dominated["hovertext"][0].endswith("dominated by its own method")


def test_accuracy_is_percent_of_what_is_right(tmp_path: Path) -> None:
    page = tmp_path / "front.html"
    arguments: dict[str, Any] = {"title": "t", "reference_point": [1.0, 0.5], "as_accuracy": True}
    front_html({"m": Front([[0.25, 0.5]])}, TASKS[:2], page, **arguments)
    (method, reference), layout = traces(page)
    assert (method["x"], method["y"]) == ([75.0], [50.0])
    assert (reference["x"], reference["y"]) == ([0.0], [50.0])
    assert layout["xaxis"]["title"]["text"] == "digits accuracy (%)"
    front_html({"m": Front([[0.25, 0.5]])}, TASKS[:2], page, title="t", quantity="loss")
    assert traces(page)[1]["yaxis"]["title"]["text"] == "fashion loss"


@pytest.mark.parametrize("draw", [front_figure, front_html])
def test_what_cannot_be_drawn_is_refused(tmp_path: Path, draw: Any) -> None:
    path = tmp_path / "front"
    with pytest.raises(ConfigError, match="at least one front"):
        draw({}, TASKS, path, title="t")
    with pytest.raises(FrontError, match="front of m has 2 objectives for 3 tasks: digits, fashion, animals"):
        draw({"m": Front([[0.1, 0.2]])}, TASKS[:3], path, title="t")
    for broken in ([1.0], [1.0, np.nan]):
        with pytest.raises(FrontError, match="a reference point is 2 finite values"):
            draw({"m": Front([[0.1, 0.2]])}, TASKS[:2], path, title="t", reference_point=broken)
    assert not path.exists()
