"""Fronts as a self-contained HTML page to hover over (plotly, imported on first use).

Two tasks are drawn in the plane, three in space, one and four as parallel coordinates, more as heat maps.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....metrics import Front
from ....whole_file import replacing
from .axis_limits import outside_text
from .front_heat_html import heat_maps
from .front_hover import hover_text
from .front_picture import CAMERA, GREY, MOST_LINES, REFERENCE, Picture, Series, make_picture

# plotly's own page has no title, and a margin that makes it scroll
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body style="margin: 0">{body}</body>
</html>
"""


def front_html(
    fronts: Mapping[str, Front],
    tasks: Sequence[str],
    path: str | Path,
    *,
    title: str,
    reference_point: ArrayLike | None = None,
    as_accuracy: bool = False,
    quantity: str = "error",
) -> None:
    """Write one self-contained HTML page of minimised fronts; hovering shows preference and objectives.

    Arguments and errors are those of ``front_figure``. The page holds all of plotly.js (about 5 MB) and needs no
    network.
    """

    picture = make_picture(fronts, tasks, reference_point, as_accuracy, quantity)
    note = outside_text(picture.n_outside)
    figure = heat_maps(picture) if len(picture.tasks) > MOST_LINES else _drawn(picture)
    figure.update_layout(
        template="plotly_white",
        title={"text": html.escape(title) + (f"<br><sub>{note}</sub>" if note else "")},
        font={"size": 14},
        hoverlabel={"align": "left"},
        legend={"itemsizing": "constant"},
        margin={"t": 90 if note else 70, "b": 60},
    )
    body = figure.to_html(full_html=False, include_plotlyjs=True, div_id="front", default_height="100vh")
    with replacing(Path(path)) as partial:
        partial.write_text(_PAGE.format(title=html.escape(title), body=body), encoding="utf-8")


def _drawn(picture: Picture) -> Any:
    """Return plotly's figure of a picture in the plane, in space or as parallel coordinates."""
    import plotly.graph_objects as go

    n_tasks = len(picture.tasks)
    figure = go.Figure()
    for series in picture.series:
        # Every learner has a point that is not dominated, so its first trace always carries the legend.
        for best in (True, False):
            chosen = np.flatnonzero(series.best == best)
            if len(chosen):
                figure.add_trace(_trace(picture, series, chosen, faint=not best))
    if picture.reference is not None:
        reference: dict[str, Any] = {
            "name": REFERENCE,
            "mode": "markers" if n_tasks in (2, 3) else "lines+markers",
            "line": {"dash": "dot"},
            "marker": {"symbol": "diamond-open" if n_tasks == 3 else "x", "color": GREY, "size": 9},
            **_coordinates(picture, picture.reference[None]),
        }
        figure.add_trace(go.Scatter3d(reference) if n_tasks == 3 else go.Scatter(reference))
    labels = [html.escape(label) for label in picture.axes]
    ends = [None] * n_tasks if picture.limits is None else picture.limits.tolist()
    if n_tasks == 2:
        figure.update_layout(xaxis={"title": labels[0], "range": ends[0]}, yaxis={"title": labels[1], "range": ends[1]})
    elif n_tasks == 3:
        axes = {f"{name}axis": {"title": labels[i], "range": ends[i]} for i, name in enumerate("xyz")}
        figure.update_layout(scene={**axes, "aspectmode": "cube", "camera": CAMERA})
    else:
        least, most = (None, None) if picture.limits is None else (picture.limits.min(), picture.limits.max())
        y = {"title": html.escape(picture.quantity), "range": [least, most]}
        figure.update_layout(xaxis_type="category", yaxis=y)
    return figure


def _coordinates(picture: Picture, points: NDArray[np.float64]) -> dict[str, list[Any]]:
    """Return the x, y (and z) of points of shape (n, T); as parallel coordinates a None ends each line."""
    if len(picture.tasks) in (2, 3):
        return {axis: column.tolist() for axis, column in zip("xyz", points.T, strict=False)}
    tasks = [html.escape(task) for task in picture.tasks]
    return {"x": [*tasks, None] * len(points), "y": [v for point in points.tolist() for v in (*point, None)]}


def _trace(picture: Picture, series: Series, chosen: NDArray[np.int_], *, faint: bool) -> Any:
    """Return plotly's trace of the chosen points of one learner; a faint one has no legend entry."""
    import plotly.graph_objects as go

    n_tasks = len(picture.tasks)
    hover = [hover_text(picture, series, int(i)) for i in chosen]
    if n_tasks not in (2, 3):  # one text for each vertex of a line and one for the gap after it
        hover = [text for text in hover for _ in range(n_tasks + 1)]
    arguments: dict[str, Any] = {
        "name": html.escape(series.name),
        "legendgroup": series.name,
        "showlegend": not faint,
        "mode": "markers" if n_tasks == 3 or (faint and n_tasks == 2) else "lines+markers",
        "line": {"color": series.colour, "width": 1, **({"shape": "hv"} if n_tasks == 2 else {})},
        "marker": {
            "color": series.colour,
            "symbol": series.marker.in_space if n_tasks == 3 else series.marker.plotly,
            "size": series.size * (1.4 if n_tasks != 3 else 1.2 if series.marker.in_space == "cross" else 0.8),
        },
        "opacity": 0.25 if faint else 0.9,
        "hovertext": hover,
        "hoverinfo": "text",
        **_coordinates(picture, series.points[chosen]),
    }
    return go.Scatter3d(arguments) if n_tasks == 3 else go.Scatter(arguments)
