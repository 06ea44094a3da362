"""Forecast the time of a fit from measured steps."""

from __future__ import annotations

from dataclasses import dataclass

from ...methods import Learner
from ...tasks import SUITES
from ..cells.make_cell import make_cell
from .estimate import Estimate
from .measured_fit import MeasuredFit


@dataclass(frozen=True)
class Forecast:
    """The time of a cell on the suite's default grid of preferences, on the device of the measurement."""

    n_models: int
    """Models that are trained one after the other."""
    n_steps: int
    """Optimizer steps of each."""
    fit_s: float
    """Seconds of all steps, at their median."""
    n_members: int
    """Models that are evaluated."""
    evaluation_s: float | None
    """Seconds of their evaluation on the test split; None where none was measured."""


def forecast(learner: Learner, found: Estimate, measured: MeasuredFit | None) -> Forecast | None:
    """Return the time that a cell takes; None without a measurement, or where nothing says how many steps it has."""
    budget = SUITES.get(found.suite).budget
    if measured is None or budget is None:
        return None
    cell = make_cell(found.method, found.suite, tasks=found.tasks, seed=0, options={}, points_per_edge=None)
    preferences = cell.preferences()
    training = learner.training_steps(budget, preferences)
    if training is None:
        return None
    n_members = len(preferences) if found.held_models is None else training.runs * found.held_models
    one = measured.evaluation_s
    return Forecast(
        n_models=training.runs,
        n_steps=training.steps,
        fit_s=training.runs * training.steps * measured.median_s,
        n_members=n_members,
        evaluation_s=None if one is None else one * n_members,
    )
