"""Configurations that studies have found, read back from the store by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import ConfigError, UnknownNameError
from ...methods import METHODS
from ..cells.bench_file import BenchSpec, LearnerSpec
from .store import Store

FILE = "tuned.json"


@dataclass(frozen=True)
class Configuration:
    """One configuration that a study has measured."""

    trial: int
    options: Mapping[str, Any]
    """Those that differ from the learner's defaults or were tuned."""
    values: Mapping[str, float]
    """Objective -> value on the validation split, mean over the study's seeds."""


@dataclass(frozen=True)
class Tuned:
    """What a study has found."""

    study: str
    method: str
    method_version: str
    chosen: int
    """Number of the trial that is taken unless another is named."""
    configurations: Sequence[Configuration]
    """The chosen one first: the best by one objective, or those that no other dominates."""

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Tuned:
        """Inverse of `dataclasses.asdict`."""
        return cls(**{**content, "configurations": [Configuration(**one) for one in content["configurations"]]})

    def configuration(self, trial: int | None = None) -> Configuration:
        """Return the chosen configuration, or that of a trial.

        Raises:
            ConfigError: the trial is not among the best, or the method has changed since.
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
        return by_trial[wanted]


def find_tuned(store: Store, study: str) -> Tuned:
    """Return what the study of this name has found.

    Raises:
        UnknownNameError: no study of this name has finished in this store.
    """
    found = {tuned.study: tuned for tuned in map(Tuned.from_json, store.documents("study", FILE))}
    if study not in found:
        raise UnknownNameError("finished study", study, found)
    return found[study]


def find_tuned_learners(spec: BenchSpec, store: Store | None) -> BenchSpec:
    """Return a bench in which every `tuned: NAME` is replaced by what that study has found.

    Args:
        spec: as written.
        store: where studies are recorded; None where there is none yet.

    Raises:
        UnknownNameError, ConfigError: a study that is not finished, or a trial it does not keep.
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
    return LearnerSpec(method=tuned.method, options=options, label=label)
