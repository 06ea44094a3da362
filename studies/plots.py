"""Draws Optuna's plots of a study, interactive on one page and as pictures."""

from __future__ import annotations

import functools
import warnings
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.trial import FrozenTrial

from ..harness.reports.pictures.figure import import_matplotlib
from .study import OpenStudy

PAGE = "plots.html"
"""The file of the page, within the folder that the plots are drawn to."""


def draw_plots(study: OpenStudy, folder: Path) -> None:
    """Draw the plots of a study to `folder`: all of them in a self-contained `plots.html`, and each as a PNG.

    History, slices and importances are drawn for every objective, the Pareto front for two or three objectives.
    Importances are left out where there are fewer than two options or fewer than two distinct values.
    """
    import_matplotlib()
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    shown = _without_discarded(study)
    parts: list[str] = []
    with matplotlib.rc_context(), warnings.catch_warnings():  # Optuna changes the style of all that is drawn later
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.simplefilter("ignore", UserWarning)  # matplotlib's, about the layout of Optuna's axes
        for name, plot, keys in _plots(study):
            figure = getattr(optuna.visualization, plot)(shown, **keys)
            figure.update_layout(title=f"{study.plan.name}: {name.replace('-', ' ')}")
            parts.append(figure.to_html(full_html=False, include_plotlyjs=not parts))
            getattr(optuna.visualization.matplotlib, plot)(shown, **keys)
            for axes in plt.gcf().axes:
                axes.tick_params(axis="x", which="both", rotation=45)
            plt.savefig(folder / f"{name}.png", dpi=130, bbox_inches="tight")
            plt.close("all")
    head = f'<html lang="en"><meta charset="utf-8"><title>{study.plan.name}</title>'
    (folder / PAGE).write_text(f"<!doctype html>{head}<body>{''.join(parts)}</body></html>", encoding="utf-8")


def _plots(study: OpenStudy) -> list[tuple[str, str, dict[str, Any]]]:
    """Return (file name, Optuna's function, its arguments) of every plot that can be drawn."""
    objectives = study.plan.objectives
    complete = study.counted().complete
    found: list[tuple[str, str, dict[str, Any]]] = []
    if 2 <= len(objectives) <= 3:
        found.append(("pareto-front", "plot_pareto_front", {"target_names": [o.measure for o in objectives]}))
    for i, objective in enumerate(objectives):
        keys: dict[str, Any] = {"target_name": objective.measure}
        if len(objectives) > 1:
            keys["target"] = functools.partial(_value, i)
        found.append((f"history-{objective.measure}", "plot_optimization_history", keys))
        found.append((f"slices-{objective.measure}", "plot_slice", keys))
        if len(study.plan.space.distributions) > 1 and len({trial.values[i] for trial in complete}) > 1:
            found.append((f"importances-{objective.measure}", "plot_param_importances", keys))
    return found


def _value(i: int, trial: FrozenTrial) -> float:
    return float(trial.values[i])


def _without_discarded(study: OpenStudy) -> optuna.Study:
    """Copy the trials that count and have ended to a study in memory, since Optuna's plots take a whole study."""
    shown = optuna.create_study(directions=study.optuna.directions, study_name=study.plan.name)
    shown.add_trials([trial for trial in study.counted().trials if trial.state.is_finished()])
    return shown
