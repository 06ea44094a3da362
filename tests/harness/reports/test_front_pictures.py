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
from frontrunner.harness.reports.pictures.front_html import front_html
from frontrunner.harness.reports.pictures.front_png import front_png
from frontrunner.metrics import Front, simplex_grid

TASKS = ("digits", "fashion", "animals", "emoji", "clipart")
BLUE, VERMILION = "#0072B2", "#D55E00"


def some_fronts(n_tasks: int) -> dict[str, Front]:
    grid = simplex_grid(n_tasks, 3)
    curve = np.concatenate([(1.0 - grid) ** 2, np.full((1, n_tasks), 1.05)])  # the last point is dominated
    weights = np.concatenate([grid, grid[:1]])
    return {
        "pwe-moe-ls (all)": Front(curve, weights),
        "weight <averaging> $": Front(np.full((1, n_tasks), 0.5)),
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
        front_png(chosen, TASKS[:n_tasks], path, title="suite, $1", reference_point=[1.0] * n_tasks)
        pictures[len(shown)] = matplotlib.image.imread(path)
    # Parallel coordinates are drawn thinner, but a method of one point stays strong in any picture.
    assert shows(pictures[2], VERMILION)
    assert not shows(pictures[1], VERMILION)
    assert n_tasks not in (2, 3) or shows(pictures[1], BLUE)
    height, width, _ = pictures[2].shape
    assert (width, height) == {2: (1350, 825), 3: (1875, 1350)}.get(n_tasks, (int(900 + 165 * n_tasks), 825))


def test_png_is_the_same_file_every_time(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        front_png(some_fronts(2), TASKS[:2], tmp_path / name, title="suite")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("n_tasks", [1, 2, 3, 5])
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


@pytest.mark.parametrize("draw", [front_png, front_html])
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
