"""Frontrunner benchmarks Pareto-set learners for large neural networks.

The names below are what users script against. They are imported on first use, so that `import frontrunner`
and `frontrunner --help` cost nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import (
        CellError,
        ConfigError,
        DataError,
        DivergenceError,
        DuplicateNameError,
        FrontError,
        FrontrunnerError,
        PluginError,
        PreferenceError,
        RankError,
        StoreError,
        UnknownNameError,
        UnsupportedError,
    )
    from .harness.board.long_table import results
    from .harness.commands.export_from_python import export
    from .harness.commands.from_python import bench, run
    from .harness.running.evaluate import evaluate
    from .methods import (
        Checkpoints,
        Choice,
        Context,
        ContinuousSet,
        FiniteSet,
        Learner,
        Needs,
        ParetoSet,
        Range,
        TrainingSteps,
        list_methods,
        make_learner,
    )
    from .metrics import (
        Front,
        Hypervolume,
        Indicator,
        ScoringInput,
        alignment,
        dominated_share,
        expected_utility,
        hypervolume,
        igd,
        igd_plus,
        largest_gap,
        layered_grid,
        list_indicators,
        non_uniformity,
        normalised,
        simplex_grid,
        spread,
    )
    from .tasks import (
        Budget,
        ClassificationProblem,
        Examples,
        Objectives,
        Params,
        Problem,
        Suite,
        list_suites,
        load_problem,
    )

_HOME = {
    "errors": (
        "CellError",
        "ConfigError",
        "DataError",
        "DivergenceError",
        "DuplicateNameError",
        "FrontError",
        "FrontrunnerError",
        "PluginError",
        "PreferenceError",
        "RankError",
        "StoreError",
        "UnknownNameError",
        "UnsupportedError",
    ),
    "harness.commands.export_from_python": ("export",),
    "harness.commands.from_python": ("bench", "run"),
    "harness.running.evaluate": ("evaluate",),
    "methods": (
        "Checkpoints",
        "Choice",
        "Context",
        "ContinuousSet",
        "FiniteSet",
        "Learner",
        "Needs",
        "ParetoSet",
        "Range",
        "TrainingSteps",
        "list_methods",
        "make_learner",
    ),
    "harness.board.long_table": ("results",),
    "metrics": (
        "Front",
        "Hypervolume",
        "Indicator",
        "ScoringInput",
        "alignment",
        "dominated_share",
        "expected_utility",
        "hypervolume",
        "igd",
        "igd_plus",
        "largest_gap",
        "layered_grid",
        "list_indicators",
        "non_uniformity",
        "normalised",
        "simplex_grid",
        "spread",
    ),
    "tasks": (
        "Budget",
        "ClassificationProblem",
        "Examples",
        "Objectives",
        "Params",
        "Problem",
        "Suite",
        "list_suites",
        "load_problem",
    ),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}
_SUBPACKAGES = ("harness", "methods", "metrics", "studies", "tasks")

__all__ = [
    "Budget",
    "CellError",
    "Checkpoints",
    "Choice",
    "ClassificationProblem",
    "ConfigError",
    "Context",
    "ContinuousSet",
    "DataError",
    "DivergenceError",
    "DuplicateNameError",
    "Examples",
    "FiniteSet",
    "Front",
    "FrontError",
    "FrontrunnerError",
    "Hypervolume",
    "Indicator",
    "Learner",
    "Needs",
    "Objectives",
    "Params",
    "ParetoSet",
    "PluginError",
    "PreferenceError",
    "Problem",
    "Range",
    "RankError",
    "ScoringInput",
    "StoreError",
    "Suite",
    "TrainingSteps",
    "UnknownNameError",
    "UnsupportedError",
    "alignment",
    "bench",
    "dominated_share",
    "evaluate",
    "expected_utility",
    "export",
    "hypervolume",
    "igd",
    "igd_plus",
    "largest_gap",
    "layered_grid",
    "list_indicators",
    "list_methods",
    "list_suites",
    "load_problem",
    "make_learner",
    "non_uniformity",
    "normalised",
    "results",
    "run",
    "simplex_grid",
    "spread",
]


def __getattr__(name: str) -> object:
    if name in _SUBPACKAGES:
        return importlib.import_module(f".{name}", __name__)
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'frontrunner' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
