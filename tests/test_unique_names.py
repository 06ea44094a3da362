"""One name a class in the whole package, and one a file on each of the lower floors."""

import ast
from collections import Counter

import pytest

FLOORS = ("studies", "harness", "methods", "tasks", "metrics", "testing")


def repeated(names):
    return [name for name, count in Counter(names).items() if count > 1]


def test_no_two_classes_share_a_name(pytestconfig):
    root = pytestconfig.rootpath
    files = [*root.glob("*.py"), *(file for floor in FLOORS for file in (root / floor).rglob("*.py"))]
    classes = [
        node.name for file in files for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef)
    ]
    assert {"Front", "Learner", "FinishedCell", "TrialRunner", "Registry"} <= set(classes)
    assert repeated(classes) == []


@pytest.mark.parametrize("floor", ["methods", "tasks"])
def test_no_two_files_of_a_floor_share_a_name(floor, pytestconfig):
    files = [file.name for file in (pytestconfig.rootpath / floor).rglob("*.py") if file.name != "__init__.py"]
    assert len(files) > 10
    assert repeated(files) == []
