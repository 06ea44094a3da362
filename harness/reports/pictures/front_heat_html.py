"""Fronts of many tasks as heat maps to hover over (plotly, imported on first use), see `front_heat`."""

from __future__ import annotations

import html
import math
from typing import Any

from .front_heat import colour_scale, rows_of
from .front_hover import hover_text
from .front_picture import Picture

MOST_COLUMNS = 4


def heat_maps(picture: Picture) -> Any:
    """Return plotly's figure with a panel for every learner of a picture, of any number of tasks."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    n_panels = len(picture.series)
    n_columns = min(MOST_COLUMNS, n_panels)
    figure = make_subplots(
        rows=math.ceil(n_panels / n_columns),
        cols=n_columns,
        shared_xaxes=True,
        subplot_titles=[html.escape(series.name) for series in picture.series],
    )
    tasks = [html.escape(task) for task in picture.tasks]
    for i, series in enumerate(picture.series):
        order, _ = rows_of(series, picture)
        texts = [[hover_text(picture, series, position)] * len(tasks) for position in order]
        trace = go.Heatmap(
            z=series.points[order].tolist(), x=tasks, hovertext=texts, hoverinfo="text", coloraxis="coloraxis"
        )
        figure.add_trace(trace, row=i // n_columns + 1, col=i % n_columns + 1)
    least, most = colour_scale(picture)
    figure.update_yaxes(autorange="reversed", showticklabels=False)
    figure.update_layout(
        coloraxis={
            "colorscale": "Cividis" if picture.rising else "Cividis_r",
            "cmin": least,
            "cmax": most,
            "colorbar": {"title": {"text": html.escape(picture.quantity), "side": "right"}},
        }
    )
    return figure
