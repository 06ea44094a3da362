"""Learners that descend along a scalarization, and how a learner and a scalarization become a method."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from ..errors import ConfigError
from .learner import Learner
from .scalarization import LinearScalarization, Scalarization, TrainingGoal


class ScalarizedLearner(Learner):
    """Trains along a weighted sum of the tasks' gradients; its `scalarization` gives the weights.

    The fields of `scalarization.Options` must be among those of `Config`; `composed` sees to it.
    """

    scalarization: ClassVar[type[Scalarization]] = LinearScalarization
    """What every step follows; one object of it is made for every training."""

    def scalarization_for(self, goal: TrainingGoal) -> Scalarization:
        """Make the scalarization of one training, with the options of this learner's configuration."""
        return self.scalarization.for_training(self.config, goal)


L = TypeVar("L", bound=ScalarizedLearner)


def composed(
    learner: type[L], scalarization: type[Scalarization], *, name: str, summary: str, version: str = "1"
) -> type[L]:
    """Compose a method of a learner and the scalarization that it follows.

    Its options are those of the learner and those of the scalarization. Its class is called as the method is, in
    capitals: `phn-ls` is `PhnLs`.

    Args:
        learner: what is trained.
        scalarization: what every step follows.
        name: the method's name.
        summary: one sentence, the first line of the method's documentation; that of both parts follows it.
        version: see `Learner.version`.

    Raises:
        ConfigError: learner and scalarization have an option of the same name.
    """
    options = [{field.name for field in dataclasses.fields(part)} for part in (learner.Config, scalarization.Options)]
    if options[0] & options[1]:
        raise ConfigError(
            f"{name} cannot be composed: {learner.__name__} and {scalarization.__name__} both have the options "
            f"{', '.join(sorted(options[0] & options[1]))}; rename one of each"
        )
    class_name = "".join(word.capitalize() for word in name.split("-"))
    # As `collections.namedtuple` does, so that the class is found, and pickled, where it is assigned to its name.
    names = {"__module__": sys._getframe(1).f_globals["__name__"], "__doc__": learner.Config.__doc__}
    config: Any = learner.Config
    if scalarization.Options is not Scalarization.Options:
        bases = (scalarization.Options, learner.Config)  # dataclasses list the fields of the last base first
        config = dataclass(frozen=True)(type("Config", bases, names | {"__qualname__": f"{class_name}.Config"}))
    documentation = "\n\n".join([summary, *(inspect.getdoc(part) or "" for part in (learner, scalarization))])
    body = {"name": name, "version": version, "scalarization": scalarization, "Config": config}
    return type(class_name, (learner,), body | names | {"__doc__": documentation})
