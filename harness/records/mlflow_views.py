"""Give every suite views in MLflow's UI: the columns, their order, and charts.

The UI keeps views as tags of the experiment (its own "Save view") and opens one by its key in the address, see
`commands.ui_address`. An MLflow that does not know this format shows its default view instead.
"""

from __future__ import annotations

import json
from typing import Any

from ...metrics import INDICATORS
from .curve import PROBE_TIME, PROBED
from .metric_names import CURVE_METRIC

RUNS = "frontrunner-runs"
"""Key of the view with a row for every cell, best hypervolume first."""
LEARNERS = "frontrunner-learners"
"""Key of the view with a row for every learner, averaged over its cells."""

_TAG = "mlflow.sharedViewState."
_NAMES = {RUNS: "Runs, best hypervolume first", LEARNERS: "Learners, mean over their runs"}
_COSTS = ("wall_time_s", "peak_rss_mb")
_NAME = "attributes.`Run Name`"
_COLUMNS = {
    RUNS: ("params.`tasks`", "params.`points_per_edge`", "params.`seed`", "tags.`frontrunner.status`"),
    LEARNERS: (),
}
_BARS_OF_COSTS = ("wall_time_s", "peak_rss_mb", "fit_peak_gpu_allocated_mb", "trainable_parameters")
_REST = "Model metrics"  # the name by which the UI finds where all other metrics go


def experiment_tags(suite: str, created_ms: int) -> dict[str, str]:
    """Return the tags of a suite's experiment: its kind, its description and its views.

    Args:
        suite: the suite's name.
        created_ms: when the experiment was created, in milliseconds since 1970.
    """
    note = (
        f"Suite `{suite}`: a run for every learner and seed; the run of a bench holds the leaderboard and plots of its "
        "cells. *Views* (right) choose columns and charts."
    )
    views = {
        f"{_TAG}{view}": _compact({"name": name, "createdAt": created_ms, "state": _compact(_state(view))})
        for view, name in _NAMES.items()
    }
    return {"mlflow.experimentKind": "custom_model_development", "mlflow.note.content": note, **views}


def is_outdated(tag: str, old: str, new: str) -> bool:
    """Return whether a tag of an experiment is a view defined here that lacks something of the new one.

    An old view may show more: a process without `--plugin` does not know the indicators of the process that wrote it.
    """
    if tag.removeprefix(_TAG) not in _NAMES or old == new:
        return False
    try:
        return not _shown(old) > _shown(new)
    except (ValueError, KeyError, TypeError):  # another format than today's
        return True


def _shown(view: str) -> set[tuple[str, str]]:
    """Return the columns and charts of a view, and its other settings in one."""
    state = json.loads(json.loads(view)["state"])
    columns = {("column", name) for name in state.pop("selectedColumns")}
    charts = {("chart", _compact(chart)) for chart in state.pop("compareRunCharts")}
    state.pop("columnOrder")
    return {*columns, *charts, ("settings", _compact(state))}


def _state(view: str) -> dict[str, Any]:
    columns = [*(f"metrics.`{name}`" for name in (*_indicators(everywhere=True), *_COSTS)), *_COLUMNS[view]]
    state: dict[str, Any] = {
        "searchFilter": "tags.`frontrunner.kind` = 'cell'",
        "orderByKey": "metrics.`hypervolume`",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "selectedColumns": columns,
        # The UI's own columns come first: the box that selects a run, its name, its start, its duration.
        "columnOrder": ["0", _NAME, "runDateAndNestInfo", "duration", *columns],
        "columnWidths": {_NAME: 300, "runDateAndNestInfo": 130, "params.`seed`": 60, "params.`tasks`": 160},
        "runsHiddenMode": "FIRST_20_RUNS",
        "hideEmptyCharts": True,  # not every cell has GPU memory, say
        "isAccordionReordered": True,  # else sections are sorted by name
        "compareRunSections": [*map(_section, ("Quality", "Cost", "Trade-off", "Training", _REST))],
        "compareRunCharts": _charts(),
    }
    if view == LEARNERS:
        # Every run has these; `group`, since only cells of one board may be averaged.
        by = [{"mode": "param", "groupByData": "learner"}, {"mode": "tag", "groupByData": "frontrunner.group"}]
        state["groupBy"] = {"aggregateFunction": "average", "groupByKeys": by}
        state["useGroupedValuesInCharts"] = True
    return state


def _indicators(*, everywhere: bool) -> list[str]:
    """Return the names of the registered indicators that tables show, in their order.

    Args:
        everywhere: leave out those that only some suites have, since a view's columns are there even when empty.
    """
    found = [INDICATORS.get(name) for name in INDICATORS.entries()]
    shown = sorted((one for one in found if one.column is not None), key=lambda one: one.column or 0)
    return [one.name for one in shown if not (everywhere and {"true front", "experts"} & {*one.needs})]


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))  # an older MLflow cuts tags at 5,000 characters


def _section(name: str) -> dict[str, Any]:
    return {"uuid": name, "name": name, "display": name != _REST, "isReordered": True}


def _charts() -> list[dict[str, Any]]:
    charts = [
        _chart("BAR", section, name, metricKey=name, runsCountToCompare=20)
        for section, names in (("Quality", _indicators(everywhere=False)), ("Cost", _BARS_OF_COSTS))
        for name in names
    ]
    for cost in ("fit_time_s", "peak_rss_mb"):
        axes = {"xaxis": {"key": cost, "type": "METRIC"}, "yaxis": {"key": "hypervolume", "type": "METRIC"}}
        charts.append(_chart("SCATTER", "Trade-off", f"hypervolume over {cost}", runsCountToCompare=100, **axes))
    charts.append(
        _line("hypervolume over seconds of fit", f"{CURVE_METRIC}{PROBED}", x_metric=f"{CURVE_METRIC}{PROBE_TIME}")
    )
    charts.append(_line("training loss over steps", f"{CURVE_METRIC}loss"))
    return charts


def _line(title: str, metric: str, *, x_metric: str = "") -> dict[str, Any]:
    return _chart(
        "LINE",
        "Training",
        title,
        metricKey=metric,
        selectedMetricKeys=[metric],
        xAxisKey="metric" if x_metric else "step",
        selectedXAxisMetricKey=x_metric,
        useGlobalXaxisKey=False,
        displayPoints=bool(x_metric),
        lineSmoothness=0,
    )


def _chart(kind: str, section: str, title: str, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "uuid": title,
        "metricSectionId": section,
        "displayName": title,
        **more,
    }
