"""Functions stay short enough to read at a glance, and take few enough things to remember."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
MOST_LINES = 60
MOST_PARAMETERS = 8


def functions(folder):
    """(file and name, lines, parameters without self) of every function below a folder."""
    for file in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                given = node.args
                names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
                names += [one.arg for one in (given.vararg, given.kwarg) if one is not None]
                counted = len(names) - (names[:1] in (["self"], ["cls"]))
                yield f"{file.relative_to(ROOT)}:{node.name}", node.end_lineno - node.lineno + 1, counted


@pytest.mark.parametrize("folder", ["harness", "studies"])
def test_functions_are_short_and_take_few_parameters(folder):
    found = list(functions(folder))
    assert len(found) > 50
    assert [name for name, lines, _ in found if lines > MOST_LINES] == []
    assert [name for name, _, parameters in found if parameters > MOST_PARAMETERS] == []
