"""Look up in the store the configurations that studies have found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import ConfigError, UnknownNameError
from ...methods import METHODS
from ..cells.bench_file import BenchSpec, LearnerSpec
from .parent_files import TUNED
from .store import Store


@dataclass(frozen=True)
class Configuration:
    """One configuration that a study has measured."""

    trial: int
    """Number of the trial that measured it."""
    options: Mapping[str, Any]
    """Options that differ from the learner's defaults or were tuned."""
    values: Mapping[str, float]
    """Value of every objective of the study on the validation split, averaged over the study's seeds."""


@dataclass(frozen=True)
class Tuned:
    """The best configurations that a study has found."""

    study: str
    method: str
    method_version: str
    chosen: int
    """Number of the trial that is used unless another is named."""
    configurations: Sequence[Configuration]
    """The best configuration by one objective, or those that no other dominates; the chosen one comes first."""
    method_source: str = ""
    """Digest of the source of a plugin's method; empty for one that ships with Frontrunner."""

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Tuned:
        """Return the object that the JSON values of its `dataclasses.asdict` describe."""
        return cls(**{**content, "configurations": [Configuration(**one) for one in content["configurations"]]})

    def configuration(self, trial: int | None = None) -> Configuration:
        """Return the chosen configuration, or that of the given trial.

        Raises:
            ConfigError: the trial is not among the best, or the method has another version or source now.
        """
        wanted = self.chosen if trial is None else trial
        by_trial = {found.trial: found for found in self.configurations}
        if wanted not in by_trial:
            raise ConfigError(f"study {self.study!r} keeps the trials {sorted(by_trial)}, found {wanted}")
        current = METHODS.get(self.method).version
        if current != self.method_version:
            raise ConfigError(
                f"study {self.study!r} tuned version {self.method_version} of {self.method}, which is now at "
                f"{current}; tune it again under another name"
            )
        if self.method_source and METHODS.source(self.method) != self.method_source:
            raise ConfigError(
                f"{METHODS.origin(self.method)} was edited since study {self.study!r} tuned {self.method}; "
                "tune it again under another name"
            )
        return by_trial[wanted]


def find_tuned(store: Store, study: str) -> Tuned:
    """Return what the study of this name has found.

    Raises:
        UnknownNameError: this store holds no finished study of this name.
    """
    found = {tuned.study: tuned for tuned in map(Tuned.from_json, store.documents("study", TUNED))}
    if study not in found:
        raise UnknownNameError("finished study", study, found)
    return found[study]


def find_tuned_learners(spec: BenchSpec, store: Store | None) -> BenchSpec:
    """Return a bench in which every `tuned: NAME` is replaced by the configuration that study has found.

    Args:
        spec: the bench, as written.
        store: the store that studies are recorded in; None where there is none yet.

    Raises:
        UnknownNameError, ConfigError: a study has not finished, or does not keep the given trial.
    """
    return spec.model_copy(update={"learners": [_find_learner(learner, store) for learner in spec.learners]})


def _find_learner(learner: LearnerSpec, store: Store | None) -> LearnerSpec:
    if learner.tuned is None:
        return learner
    if store is None:
        raise ConfigError(f"the study {learner.tuned!r} is looked up in a store, and there is none yet; tune first")
    tuned = find_tuned(store, learner.tuned)
    found = tuned.configuration(learner.trial)
    options = {**found.options, **learner.options}
    label = learner.label or f"{tuned.method} (tuned: {learner.tuned}, trial {found.trial})"
    found_learner = {"method": tuned.method, "options": options, "label": label, "tuned": None, "trial": None}
    return learner.model_copy(update=found_learner)  # unchecked: a label made of a long study's name may be longer
