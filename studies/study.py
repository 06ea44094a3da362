"""The study of one learner: its plan, and its trials, each made of the cells of one configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import moocore
import numpy as np
from filelock import FileLock
from optuna.trial import FrozenTrial

from ..errors import ConfigError
from ..harness.cells.cell import SOURCES, Cell, digest
from ..harness.cells.make_cell import cell_on, choose_suite
from ..harness.records.store import Store
from ..methods import make_learner
from ..tasks import SUITES
from .counted_trials import CountedTrials
from .early_stop import make_pruner
from .objective import Objective, make_objective
from .sampler import make_sampler
from .space import Space, make_space
from .spec import TunedLearnerSpec, TuneSpec
from .storage import PatientStorage, open_study, quiet


@dataclass(frozen=True)
class Plan:
    """The checked plan of one study; nothing has been started yet."""

    spec: TuneSpec
    learner: TunedLearnerSpec
    space: Space
    objectives: Sequence[Objective]
    """The objectives in the order of the file; the first decides between trials that no other dominates."""

    @classmethod
    def of(cls, spec: TuneSpec, learner: TunedLearnerSpec) -> Plan:
        """Plan the study of one learner of a file.

        Raises:
            UnknownNameError: a method, suite, task or option is not known.
            ConfigError: a value of the file is of the wrong kind or range.
        """
        plan = cls(
            spec,
            learner,
            make_space(learner, spec.space),
            [make_objective(objective) for objective in spec.objectives],
        )
        try:
            plan.cells({}, "default")
        except ConfigError as error:
            raise ConfigError(f"{learner.name}: {error}") from error
        with quiet():
            make_sampler(spec.sampler, spec.trials, 0)
        return plan

    @property
    def name(self) -> str:
        """The study's name, `<file name>/<learner>`."""
        return self.spec.study_name(self.learner)

    @property
    def digest(self) -> str:
        """A hash of name and settings; it tells the study from others of the same name."""
        return digest([self.name, self.settings()])

    def options(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the learner's options in a trial: the fixed ones and the tuned values `params`."""
        return {**self.learner.options, **params}

    def cells(self, params: Mapping[str, Any], trial: str) -> list[Cell]:
        """Make the cells of a trial: one for each seed, evaluated on the validation split.

        Args:
            params: values of the tuned options.
            trial: the trial in words, for the cells' label.

        Raises:
            ConfigError: the learner refuses the options.
        """
        suite = self.spec.suite
        chosen = choose_suite(suite.name, suite.tasks)
        return [
            cell_on(
                chosen,
                self.learner.method,
                seed=seed,
                options=self.options(params),
                points_per_edge=suite.points_per_edge,
                inner_points_per_edge=suite.inner_points_per_edge,
                label=f"{self.name} {trial}",
                split="val",
            )
            for seed in self.spec.seeds
        ]

    def default(self) -> dict[str, Any] | None:
        """Return the default values of the tuned options; None where they lie outside of the space or are unknown.

        Options that are left to the suite are known where the suite states its budget on its class.
        """
        learner = make_learner(self.learner.method, **self.learner.options)
        suite = SUITES.get(self.spec.suite.name)
        config = learner.config
        if suite.budget is not None:
            config = learner.resolved_for(suite.budget, len(suite().choose(self.spec.suite.tasks)))
        params = {option: getattr(config, option) for option in self.space.distributions}
        return params if self.space.holds(params) else None

    def settings(self) -> dict[str, Any]:
        """Return the settings that decide what a trial means, for JSON; trials of other settings are not comparable."""
        (cell, *_) = self.cells({}, "")
        return {
            "learner": {"method": cell.method, "version": cell.method_version, "options": self.learner.options},
            "suite": {
                "name": cell.suite,
                "version": cell.suite_version,
                "tasks": list(cell.tasks),
                "points_per_edge": cell.points_per_edge,
                **({"inner_points_per_edge": cell.inner_points_per_edge} if cell.inner_points_per_edge else {}),
            },
            "space": {option: str(values) for option, values in self.space.distributions.items()},
            "seeds": list(self.spec.seeds),
            "objectives": {objective.measure: objective.direction for objective in self.objectives},
            # Studies of what ships with Frontrunner keep the settings of before there were digests.
            **{name: source for name in SOURCES if (source := getattr(cell, name))},
        }


class OpenStudy:
    """A study opened in its storage; every thread that runs trials opens its own.

    Args:
        plan: what the study does.
        storage: the storage in which Optuna keeps the study; a new study is created there.
        store: the store whose folder holds the locks.

    Raises:
        ConfigError: the study was begun with other settings.
    """

    def __init__(self, plan: Plan, storage: PatientStorage, store: Store) -> None:
        self.plan = plan
        self.lock = FileLock(store.folder / "locks" / f"study-{plan.name.replace('/', '-')}.lock")
        """The lock held while a configuration is chosen, so that two workers of one machine never choose the same."""
        self.optuna = open_study(
            storage,
            plan.name,
            directions=[objective.direction for objective in plan.objectives],
            settings=plan.settings(),
            first=plan.default(),
            folder=store.folder,
        )
        self.optuna.pruner = make_pruner(plan.spec.gives_up, hypervolume_alone=plan.spec.hypervolume_alone)

    def counted(self) -> CountedTrials:
        """Return the trials that count, as the storage holds them now."""
        return CountedTrials.of(self.optuna.get_trials(deepcopy=False))

    def trial(self, number: int) -> FrozenTrial:
        """Return the trial of this number, as the storage holds it now."""
        return self.optuna.get_trials(deepcopy=False)[number]

    def best(self, n: int) -> list[FrozenTrial]:
        """Return the `n` best trials, or for several objectives all that no other dominates, sorted by the first."""
        found = self.counted().complete
        signs = np.array([-1 if objective.maximize else 1 for objective in self.plan.objectives])
        if len(signs) > 1 and found:
            kept = moocore.is_nondominated(signs * [trial.values for trial in found], keep_weakly=True)
            found = [trial for trial, undominated in zip(found, kept, strict=True) if undominated]
        ranked = sorted(found, key=lambda trial: signs[0] * trial.values[0])
        return ranked if len(signs) > 1 else ranked[:n]
