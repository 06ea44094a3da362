"""What hovering over a point of a front shows, in plotly's markup."""

from __future__ import annotations

import html

from .front_picture import DOMINATED, Picture, Series


def hover_text(picture: Picture, series: Series, i: int) -> str:
    """Return the learner, the objectives and the preference of a learner's point, by its position."""
    rows = [f"<b>{html.escape(series.name)}</b>"]
    for t, label in enumerate(picture.axes):
        weight = "" if series.preferences is None else f" (preference {series.preferences[i, t]:.3g})"
        rows.append(f"{html.escape(label)}: {series.points[i, t]:.4g}{weight}")
    if not series.best[i]:
        rows.append(DOMINATED)
    return "<br>".join(rows)
