"""Recorded fronts of a few points, without a fit."""

from __future__ import annotations

import numpy as np

from frontrunner.harness.records.evaluation import Evaluation
from frontrunner.harness.records.front_record import FrontRecord


def one_point_front(cell, value):
    """The record of a cell's front that has one point, with the same error on two tasks."""
    errors = np.array([[value, value]])
    return FrontRecord(
        cell=cell,
        evaluation=Evaluation(error=errors, loss=errors, preferences=None, labels=("",)),
        reference_point=np.ones(2),
        pareto_front=None,
        split="test",
        environment={"device": "cpu"},
        problem="problem",
    )
