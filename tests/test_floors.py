"""Imports go down only: the floors of the house, read from the source without running it."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = ["metrics", "tasks", "methods", "harness", "studies", "testing"]
"""From the ground up; on top what third parties test theirs with, which no other floor needs."""
FOREIGN = {
    "metrics": {"torch", "open_clip", "transformers", "mlflow", "optuna", "pytest"},
    "tasks": {"mlflow", "optuna", "pytest"},
    "methods": {"open_clip", "transformers", "mlflow", "optuna", "pytest"},
    "harness": {"optuna", "pytest"},
    "studies": {"pytest"},
    "testing": {"mlflow", "optuna"},
}
SHARED = {
    "available_cpus",
    "checked_json",
    "errors",
    "file_digest",
    "mistakes",
    "one_line",
    "os_errors",
    "outline",
    "plugin_exit",
    "plugin_failure",
    "plugin_import",
    "plugin_modules",
    "plugin_source",
    "registry",
    "regular_file",
    "utf8_file",
    "validation_words",
    "whole_file",
    "yaml_file",
    "yaml_limits",
}
EXCEPTIONS = {("methods.coefficient_search.expected_improvement", "optuna")}
"""A search method uses Optuna's Gaussian process; tuning stays out of methods."""


def imported(source, module):
    """Dotted names that `module` of the package imports anywhere, those of the package as `frontrunner.<...>`."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = ["frontrunner", *module.split(".")][: -node.level]
                base = ".".join([*package, *([base] if base else [])])
            names |= {f"{base}.{alias.name}" for alias in node.names}
    return names


def modules(floor):
    """(dotted name within the package with `__init__` kept, so that levels count alike; source)"""
    for file in sorted((ROOT / floor).rglob("*.py")):
        yield ".".join(file.relative_to(ROOT).with_suffix("").parts), file.read_text()


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_imports_from_below_only(floor):
    allowed = {*FLOORS[: FLOORS.index(floor) + 1], *SHARED}
    seen = 0
    for module, source in modules(floor):
        seen += 1
        for name in imported(source, module):
            top, _, rest = name.partition(".")
            assert top not in FOREIGN[floor] or (module, top) in EXCEPTIONS, f"{module} imports {name}"
            if top == "frontrunner":
                assert rest.partition(".")[0] in allowed, f"{module} imports {name}"
    assert seen


def test_what_all_floors_share_imports_none_of_them():
    for module in SHARED:
        for name in imported((ROOT / f"{module}.py").read_text(), module):
            assert name.partition(".")[0] in {"frontrunner", "pydantic", "yaml", *sys.stdlib_module_names}
            assert not name.startswith("frontrunner.") or name.split(".")[1] in SHARED


def test_imports_are_resolved_as_python_does():
    source = "from . import a\nfrom ..tasks.problem import B\ndef f():\n    import torch.nn\n"
    assert imported(source, "methods.router") == {
        "frontrunner.methods.a",
        "frontrunner.tasks.problem.B",
        "torch.nn",
    }
    assert imported("from .learner import Learner", "methods.__init__") == {"frontrunner.methods.learner.Learner"}
    assert imported("from ...errors import E", "tasks.vision_mini.clip") == {"frontrunner.errors.E"}
    assert "frontrunner.tasks.problem.Problem" in imported(
        (ROOT / "methods" / "learner.py").read_text(), "methods.learner"
    )
