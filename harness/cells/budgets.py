"""Budgets of a bench: every learner that trains by optimizer steps is run at each of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from ...errors import ConfigError, FrontrunnerError, PluginError
from ...one_line import shown
from ...plugin_failure import last_line, with_line
from ...yaml_file import Strict
from .cell import Cell, digest

if TYPE_CHECKING:  # imports torch
    from ...methods import Learner, TrainingSteps
    from ...tasks import Suite

OPTION = "steps"
"""The option that a budget decides."""
MAX_AMOUNT = 10**12
"""The largest budget: a thousand million times what the shipped suites recommend, and exact as a float."""
_SUFFIX = re.compile(r" \([\d,]+ (?:steps|steps in all|examples in all)\)$")


def _amount(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= MAX_AMOUNT:
        raise ConfigError(f"a budget is a whole number from 1 to {MAX_AMOUNT:,}, found {shown(given)}")
    return given


Amount = Annotated[int, BeforeValidator(_amount)]
"""One budget: neither a text nor true or false, which pydantic would read as a number."""


class Budgets(Strict):
    """The budgets of a bench, in one of three units."""

    steps: list[Amount] | None = Field(default=None, min_length=1)
    """Optimizer steps of every training: a learner of a model a preference takes them for each of its models."""
    total_steps: list[Amount] | None = Field(default=None, min_length=1)
    """Optimizer steps of all trainings of a learner together."""
    total_examples: list[Amount] | None = Field(default=None, min_length=1)
    """Examples whose gradients are taken, in all trainings of a learner together and in the fine-tuning of the experts
    where it uses them."""

    @model_validator(mode="after")
    def _one_unit(self) -> Budgets:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            units, found = ", ".join(type(self).model_fields), " and ".join(given) or "none"
            raise ConfigError(f"budgets are given in one unit: expected one of {units}, found {found}")
        if twice := [amount for amount, times in Counter(self.amounts).items() if times > 1]:
            raise ConfigError(f"{given[0]}: each budget is listed once, found {twice[0]:,} more than once")
        return self

    @property
    def amounts(self) -> list[int]:
        """The budgets, in their unit."""
        return self.steps or self.total_steps or self.total_examples or []

    def options(self, cell: Cell, given: Mapping[str, Any]) -> list[tuple[dict[str, Any], str]]:
        """Return the options and the label of a learner at each budget.

        What takes no optimizer steps has no budget, and what is given its steps keeps them: both are returned as they
        are, once.

        Args:
            cell: a cell of the learner, with its suite and preferences.
            given: the options that the learner was given.

        Raises:
            ConfigError: a budget is too small for one step of every training, or nobody knows what it amounts to.
        """
        if OPTION not in cell.options or OPTION in given:
            return [(dict(given), cell.label)]
        return [
            ({**given, OPTION: self._steps(cell, amount)}, self._label(cell.label, amount)) for amount in self.amounts
        ]

    def _label(self, label: str, amount: int) -> str:
        if len(self.amounts) == 1:
            return label
        unit = "steps" if self.steps else "steps in all" if self.total_steps else "examples in all"
        return f"{label} ({amount:,} {unit})"

    def _steps(self, cell: Cell, amount: int) -> int:
        """Return the steps of each training of a cell's learner."""
        if self.steps is not None:
            return amount
        from ...tasks import SUITES

        learner, suite = cell.learner(), SUITES.get(cell.suite)
        if self.total_examples is not None and not suite.has_examples:
            raise ConfigError(
                f"budgets: {cell.suite} has no examples, its objectives are computed in closed form; give budgets as "
                "steps or total_steps"
            )
        training = _training(cell, learner, suite)
        if self.total_steps is not None:
            left, of_a_step = amount, training.runs
        else:
            if suite.budget is None and cell.options.get("batch_size") is None:
                raise ConfigError(
                    f"budgets: {cell.suite} does not say its batch size; give {cell.label} its batch_size"
                )
            left = amount - _charged_for_experts(cell, learner, suite)
            of_a_step = training.runs * training.examples_per_step
        if left < of_a_step:
            beside = " beside the experts' fine-tuning" if left < amount else ""
            raise ConfigError(
                f"budgets: expected {amount - left + of_a_step:,} or more for {cell.label} on {cell.suite}, so that "
                f"each of its trainings ({training.runs:,}) takes a step{beside}; found {amount:,}"
            )
        return left // of_a_step


def without_steps(cell: Cell) -> str:
    """Return the digest that cells share whose learners differ in their steps alone."""
    options = {name: value for name, value in cell.options.items() if name != OPTION}
    return digest([cell.method, cell.method_version, cell.method_source, options])


def without_budget(label: str, options: Mapping[str, Any]) -> str:
    """Return the label of a learner with these options without the budget that `Budgets` has added to it."""
    return _SUFFIX.sub("", label) if OPTION in options else label


def _training(cell: Cell, learner: Learner, suite: type[Suite]) -> TrainingSteps:
    """Return the optimizer steps of a cell's learner, of which only the number of steps is not known yet."""
    from ...methods import TrainingSteps
    from ...tasks import Budget

    try:
        found: object = learner.training_steps(suite.budget or Budget(1, 1), cell.preferences())
    except FrontrunnerError:
        raise
    except Exception as error:  # a plugin's own code
        said = f"budgets: training_steps of {learner.name!r} failed: {last_line(error)}"
        raise PluginError(with_line(said, error)) from error
    if found is None:
        raise ConfigError(
            f"budgets: {cell.label} has an option {OPTION} and does not say what a step takes, found None from its "
            f"training_steps; give budgets as steps, or the learner its {OPTION}"
        )
    if not isinstance(found, TrainingSteps):
        raise ConfigError(
            f"budgets: training_steps of {learner.name!r} returned {shown(found)}, expected a TrainingSteps or None"
        )
    return found


def _charged_for_experts(cell: Cell, learner: Learner, suite: type[Suite]) -> int:
    """Return the examples of the experts' fine-tuning that a cell's learner is charged for."""
    n_experts = learner.experts_used(len(cell.tasks))
    if n_experts == 0:
        return 0
    if suite.expert_examples is None:
        raise ConfigError(
            f"budgets: {cell.label} uses experts, and {cell.suite} does not say what their fine-tuning took "
            "(expert_examples); give budgets as steps or total_steps"
        )
    return n_experts * suite.expert_examples
