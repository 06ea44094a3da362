"""One name a class and one a file on each of the lower floors."""

import ast
from collections import Counter

import pytest


@pytest.mark.parametrize("floor", ["methods", "tasks"])
def test_no_two_classes_and_no_two_files_of_a_floor_share_a_name(floor, pytestconfig):
    files = [file for file in (pytestconfig.rootpath / floor).rglob("*.py") if file.name != "__init__.py"]
    classes = [
        node.name
        for file in files
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    assert [name for name, count in Counter([*classes, *(file.name for file in files)]).items() if count > 1] == []
