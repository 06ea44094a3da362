"""Estimate what a learner needs on a suite, without weights, data or a GPU."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from ...errors import ConfigError, FrontrunnerError, UnsupportedError
from ...methods import Learner, ParetoSet, make_learner
from ...one_line import as_one_line
from ...tasks import SUITES
from ...tasks.problem import Budget, Problem
from ...tasks.suite import Suite
from ...tasks.suite_file.file_suite import FileSuite
from .dry_fit import DryFit, Posed, dry_fit, dry_problem
from .file_shapes import read_file_shapes
from .memory_parts import Peak
from .small_shapes import data_bytes, prepare_untrained, without_values, without_weights

NO_STEPS = Budget(steps=1, batch_size=1)
"""What stands for a budget that only a prepared problem knows, to ask whether a learner takes steps at all."""


@dataclass(frozen=True)
class Estimate:
    """What one model's training needs; memory is that of tensors, in bytes."""

    method: str
    suite: str
    tasks: tuple[str, ...]
    device: str
    """The type of the device that memory is counted for, cpu or cuda."""
    batch_size: int | None
    """Examples per task and step; None without steps."""
    trainable_parameters: int | None
    """As a run records it; None where it is known only after a fit."""
    total_parameters: int | None
    held_bytes: int
    """The problem: the pre-trained model, the heads and the experts, on the device."""
    mapped_bytes: int
    """What of these is mapped from files on a CPU, whose memory the system takes back when others need it."""
    step: Peak | None
    """The most in a training step; None without steps."""
    before: Peak | None
    """The most that a fit has before its first step; None without steps."""
    kept_bytes: int
    """What each model that was trained keeps until the last has been; 0 where one training is all."""
    held_models: int | None
    """Models of the set that one training makes; None where it answers every preference by another, and without
    steps."""
    note: str = ""
    """Why something is absent, or what the numbers leave out, in a sentence."""

    @property
    def peak(self) -> Peak | None:
        """The most that training one model needs, in its steps or before them; None without steps."""
        found = [one for one in (self.step, self.before) if one is not None]
        return max(found, key=lambda one: one.n_bytes, default=None)

    @property
    def peak_bytes(self) -> int | None:
        """The bytes of the peak; None without steps."""
        return None if self.peak is None else self.peak.n_bytes

    def to_json(self) -> dict[str, Any]:
        """Return the estimate as JSON values; what is not known is absent."""
        peaks = ("step", "before")
        found = {name: value for name, value in vars(self).items() if value not in (None, "") and name not in peaks}
        found["tasks"] = list(self.tasks)
        if self.step is not None and self.before is not None:
            found |= {"peak_bytes": self.peak_bytes, "step_bytes": self.step.n_bytes}
            found["step_parts"] = {str(part): n for part, n in self.step.parts.items()}
            found["before_bytes"] = self.before.n_bytes
        return found


def estimate(learner: Learner, suite: str, *, tasks: Sequence[str] | None = None, device_type: str = "cpu") -> Estimate:
    """Estimate parameters and memory of a learner on a suite.

    The learner's own fit runs on tensors without values, with the suite's own architecture, for a step, or for two
    where its optimizer has no state before the first; what was in memory, and what for, is followed. Of suite files no
    weights or data are read but those on this machine that tell shapes; other suites prepare their problem, without
    training experts.

    Args:
        learner: as configured; a learner that takes no gradient steps has no step to estimate.
        suite: a registered name.
        tasks: some of its tasks, all when None.
        device_type: cpu or cuda; a GPU need not be there.

    Raises:
        UnknownNameError, ConfigError: the suite, a task, or the type of device is not known.
        UnsupportedError: the learner cannot be fitted on the architecture, or its fit cannot be run without values.
    """
    if device_type not in ("cpu", "cuda"):
        raise ConfigError(f"memory is estimated for cpu or cuda, found {device_type!r}")
    found = SUITES.get(suite)
    chosen = found().choose(tasks)
    budget = found.budget or NO_STEPS
    posed, mapped = _posed(found, chosen, _batch_size(learner, budget, len(chosen)), device_type)
    about = {"method": learner.name, "suite": suite, "device": device_type}
    mapped = mapped and device_type == "cpu"
    if not _takes_steps(learner, budget, len(chosen)):
        held = dry_problem(posed).n_bytes
        return Estimate(
            **about,
            tasks=chosen,
            batch_size=None,
            trainable_parameters=None,
            total_parameters=None,
            held_bytes=held,
            mapped_bytes=held if mapped else 0,
            step=None,
            before=None,
            kept_bytes=0,
            held_models=None,
            note=f"{learner.name} declares no gradient steps, so the memory of its fit is not estimated",
        )
    fitted = _fitted(learner, posed, device_type)
    return Estimate(
        **about,
        tasks=chosen,
        batch_size=fitted.batch_size,
        trainable_parameters=fitted.found.trainable_parameters,
        total_parameters=fitted.found.total_parameters,
        held_bytes=fitted.held.n_bytes,
        mapped_bytes=fitted.held.n_bytes if mapped else 0,
        step=fitted.steps,
        before=fitted.before,
        kept_bytes=_kept(learner, budget, fitted),
        held_models=_held_models(fitted.found),
        note=_left_out(learner, device_type),
    )


def _posed(suite: type[Suite], tasks: tuple[str, ...], batch_size: int, device_type: str) -> tuple[Posed, bool]:
    """Return what poses a suite's problem without values, and whether its weights are mapped from files."""
    if issubclass(suite, FileSuite):
        shapes = read_file_shapes(suite, tasks, batch_size)
        return Posed(lambda faked: shapes.pose(lambda head: without_weights(head, faked)), data_bytes=0), True
    prepared = prepare_untrained(suite(), tasks)

    def pose(faked: Any) -> Problem:
        without_values(prepared, faked)
        return prepared

    return Posed(pose, data_bytes(prepared) if device_type == "cuda" else 0), False


def _fitted(learner: Learner, posed: Posed, device_type: str) -> DryFit:
    try:
        return dry_fit(learner, posed, device_type)
    except FrontrunnerError:
        raise
    except Exception as error:  # a learner or an architecture may look at values in ways of its own
        raise UnsupportedError(
            f"the fit of {learner.name} cannot be run without values "
            f"({type(error).__name__}: {as_one_line(str(error), 200)}); measure it on the device instead"
        ) from error


def _takes_steps(learner: Learner, budget: Budget, n_tasks: int) -> bool:
    """Return whether a learner trains by gradient steps, as many as its option `steps` says."""
    has_option = any(field.name == "steps" for field in dataclasses.fields(learner.config))
    return has_option and learner.training_steps(budget, _equal(n_tasks)) is not None


def _batch_size(learner: Learner, budget: Budget, n_tasks: int) -> int:
    """Return the examples per task and step, 1 where the learner has none."""
    return max(1, int(getattr(learner.resolved_for(budget, n_tasks), "batch_size", None) or 1))


def _equal(n_tasks: int) -> np.ndarray[Any, Any]:
    return np.full((1, n_tasks), 1 / n_tasks)


def _kept(learner: Learner, budget: Budget, fitted: DryFit) -> int:
    """Return the bytes of a trained model where a learner trains one for every preference, else 0."""
    corners = np.eye(fitted.found.n_tasks)
    training = learner.training_steps(budget, corners)
    if training is None or training.runs == 1:
        return 0
    state: dict[str, Tensor] = dict(fitted.found.state())
    return sum(tensor.numel() * tensor.element_size() for tensor in state.values())


def _held_models(found: ParetoSet) -> int | None:
    """Return how many models a set has to evaluate, if it is the same number for any grid of preferences."""
    of_one, of_more = (found.n_members(np.full((n, found.n_tasks), 1 / found.n_tasks)) for n in (1, 2))
    return of_one if of_one == of_more else None


def _left_out(learner: Learner, device_type: str) -> str:
    """Say what an estimate does not tell of a learner as configured."""
    if device_type != "cpu" and getattr(learner.config, "bank_device", "problem") == "cpu":
        return "what bank_device = cpu keeps lies in the memory of the CPU and is not counted"
    return ""


def learner_with(method: str, options: Mapping[str, object], batch_size: int | None) -> Learner:
    """Return a learner with a batch size, beside its other options.

    Raises:
        UnknownNameError, ConfigError: the method or an option is not known, or the batch size is given twice.
    """
    if batch_size is None:
        return make_learner(method, **options)
    if "batch_size" in options:
        raise ConfigError("the batch size is given twice, by --batch-size and by --set batch_size; give one of them")
    return make_learner(method, **options, batch_size=batch_size)
